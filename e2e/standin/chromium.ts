import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { watch } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { WebSocket } from 'ws'

/** Debian's. */
export const CHROMIUM = process.env['TIDEMARK_CHROMIUM'] ?? '/usr/bin/chromium'

/** No window, no traffic of its own. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-dev-shm-usage',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--force-color-profile=srgb',
  '--metrics-recording-only',
  '--mute-audio',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
  '--password-store=basic',
  // Chromium's own sandbox refuses root.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]

/** A loaded machine starts it slowly. */
const START_MS = 30_000

type Waiting = PromiseWithResolvers<unknown> & { readonly method: string }
type Reply = {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
  readonly method?: string
  readonly params?: unknown
  readonly sessionId?: string
}

/** A connection of the DevTools protocol. Emits `<session>/<method>`, or `<method>` for the browser itself. */
export class Cdp extends EventEmitter {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  constructor(socket: WebSocket) {
    super()
    this.setMaxListeners(0)
    this.#socket = socket
    socket.on('message', (data) => this.#hear(JSON.parse(String(data)) as Reply))
    socket.on('close', () => {
      for (const { reject, method } of this.#waiting.values())
        reject(new Error(`${method}: the browser ended`))
      this.#waiting.clear()
      this.emit('closed')
    })
  }

  send<T = unknown>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const call: Waiting = { ...Promise.withResolvers<unknown>(), method }
    const id = ++this.#lastId
    this.#waiting.set(id, call)
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    return call.promise as Promise<T>
  }

  #hear({ id, result, error, method = '', params, sessionId }: Reply): void {
    if (id === undefined) {
      this.emit(sessionId === undefined ? method : `${sessionId}/${method}`, params)
      return
    }
    const call = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(new Error(`${call.method}: ${error.message}`))
  }
}

/** A running Chromium without a window. */
export type Chromium = {
  readonly cdp: Cdp
  /** Where a second debugger can connect. */
  readonly endpoint: string
  /** Ends it and removes its profile. */
  close(): Promise<void>
}

/** Starts Chromium with a profile of its own below the directory for temporary files. */
export async function launchChromium(): Promise<Chromium> {
  const profile = await mkdtemp(path.join(os.tmpdir(), 'tidemark-standin-'))
  const flags = [...CHROMIUM_FLAGS, '--headless=new', '--no-startup-window']
  // Nothing is said on the pipe. It is there because Chromium ends when it breaks, also when we are killed.
  const debugging = ['--remote-debugging-pipe', '--remote-debugging-port=0']
  const child = spawn(CHROMIUM, [...flags, ...debugging, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr?.on('data', (data: Buffer) => {
    complaint = (complaint + data.toString()).slice(-2000)
  })
  try {
    const endpoint = await readEndpoint(profile, child)
    const socket = new WebSocket(endpoint, { perMessageDeflate: false, maxPayload: 256 << 20 })
    await once(socket, 'open')
    const cdp = new Cdp(socket)
    return { cdp, endpoint, close: () => end(child, profile, cdp) }
  } catch (thrown) {
    await end(child, profile)
    throw new Error(`Chromium did not start: ${complaint}`, { cause: thrown })
  }
}

/** Chromium writes its port and path into a file of the profile. */
async function readEndpoint(profile: string, child: ChildProcess): Promise<string> {
  const file = path.join(profile, 'DevToolsActivePort')
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Error(`nothing after ${START_MS} ms`)), START_MS)
  child.once('exit', () => stop.abort(new Error('it ended')))
  const watcher = watch(profile)
  try {
    for (;;) {
      const changed = once(watcher, 'change', { signal: stop.signal })
      const [port, at] = (await readFile(file, 'utf8').catch(() => '')).trim().split('\n')
      if (port !== undefined && at !== undefined) {
        changed.catch(() => undefined)
        return `ws://127.0.0.1:${port}${at}`
      }
      await changed
    }
  } finally {
    clearTimeout(timer)
    stop.abort()
    watcher.close()
  }
}

async function end(child: ChildProcess, profile: string, cdp?: Cdp): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    const asked = cdp?.send('Browser.close').catch(() => undefined)
    const timer = setTimeout(() => child.kill('SIGKILL'), asked === undefined ? 0 : 3000)
    await exited
    clearTimeout(timer)
  }
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}
