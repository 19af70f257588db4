import { EventEmitter } from 'node:events'
import { mkdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { browser } from './browser.ts'
import { loud } from './loud.ts'
import { closeSchemes } from './protocol.ts'

/** `--name=value` of the command line. */
function findSwitch(name: string): string | undefined {
  const prefix = `--${name}=`
  return process.argv.find((argument) => argument.startsWith(prefix))?.slice(prefix.length)
}

/** An event that a listener may prevent. */
export class Preventable {
  isPrevented = false
  readonly preventDefault = (): void => {
    this.isPrevented = true
  }
}

/** What the application does to windows when it quits. */
export type Closeable = { close(): void; destroy(): void }

/** An application whose browser is gone may take this long to end. */
const QUIT_MS = 15_000

class App extends EventEmitter {
  readonly isPackaged = process.env['TIDEMARK_STANDIN_PACKAGED'] === '1'
  /** Windows that are open, for {@link App.quit}. */
  readonly openWindows = new Set<Closeable>()
  isSandboxed = false
  #ready: Promise<void> | undefined
  #hasLock = false
  readonly #userData =
    findSwitch('user-data-dir') ?? path.join(os.tmpdir(), `tidemark-standin-${process.pid}`)

  whenReady(): Promise<void> {
    this.#ready ??= this.#becomeReady()
    return this.#ready
  }

  async #becomeReady(): Promise<void> {
    const { cdp, endpoint } = await browser()
    closeSchemes()
    // Playwright closes an application by closing its browser as well, and the two race.
    cdp.once('closed', () => {
      setTimeout(() => process.exit(1), QUIT_MS).unref()
      this.quit()
    })
    // Playwright waits for this line and connects there.
    process.stderr.write(`DevTools listening on ${endpoint}\n`)
    this.emit('ready', {}, {})
  }

  enableSandbox(): void {
    if (this.#ready !== undefined) throw new Error('enableSandbox must be called before the app is ready')
    this.isSandboxed = true
  }

  quit(): void {
    const asked = new Preventable()
    this.emit('before-quit', asked)
    if (asked.isPrevented) return
    for (const window of this.openWindows) window.close()
    // A window that stays open has the last word.
    if (this.openWindows.size > 0) return
    const leaving = new Preventable()
    this.emit('will-quit', leaving)
    if (leaving.isPrevented) return
    this.emit('quit', {}, 0)
    this.exit(0)
  }

  exit(code = 0): void {
    for (const window of this.openWindows) window.destroy()
    if (this.#hasLock) rmSync(this.#lockFile, { force: true })
    void browser()
      .then(({ cdp, close }) => {
        cdp.removeAllListeners('closed')
        return close()
      })
      .finally(() => process.exit(code))
  }

  getPath(name: string): string {
    if (name === 'userData') return this.#userData
    if (name === 'home') return os.homedir()
    if (name === 'temp') return os.tmpdir()
    throw new Error(`the Electron stand-in knows no path "${name}"`)
  }

  getPreferredSystemLanguages(): string[] {
    return [findSwitch('lang') ?? 'en-US']
  }

  get #lockFile(): string {
    return path.join(this.#userData, 'SingletonLock')
  }

  /** A file with the owner's process id; whoever is refused knocks by touching another one. */
  requestSingleInstanceLock(): boolean {
    mkdirSync(this.#userData, { recursive: true })
    const bell = path.join(this.#userData, 'SingletonBell')
    try {
      writeFileSync(this.#lockFile, String(process.pid), { flag: 'wx' })
    } catch {
      const owner = Number(readFileSync(this.#lockFile, 'utf8'))
      if (isAlive(owner)) {
        writeFileSync(bell, String(process.pid))
        return false
      }
      writeFileSync(this.#lockFile, String(process.pid))
    }
    this.#hasLock = true
    writeFileSync(bell, '')
    const watcher = watch(bell, () => {
      if (readFileSync(bell, 'utf8') === '') return
      writeFileSync(bell, '')
      this.emit('second-instance', {}, [], '', undefined)
    })
    watcher.unref()
    return true
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export const theApp = new App()
export const app = loud('app', theApp)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => theApp.quit())
// A main script that ends without a window or a quit would otherwise leave Chromium behind.
process.once('uncaughtException', (thrown) => {
  process.stderr.write(`${thrown.stack ?? thrown.message}\n`)
  theApp.exit(1)
})
