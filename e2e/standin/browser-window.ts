import { EventEmitter } from 'node:events'
import type { BrowserWindowConstructorOptions } from 'electron'
import { Preventable, theApp } from './app.ts'
import { browser } from './browser.ts'
import { loudClass, note } from './loud.ts'
import { onTheme } from './native-theme.ts'
import { WebContents } from './web-contents.ts'

const opened = new Set<StandinWindow>()

/** A window: a page and the little that Chromium without a screen has of a frame. */
class StandinWindow extends EventEmitter {
  readonly webContents: WebContents
  #isVisible: boolean
  #isClosed = false

  constructor(options: BrowserWindowConstructorOptions = {}) {
    super()
    const contents = new WebContents(options.webPreferences ?? {})
    this.webContents = contents.face
    this.#isVisible = options.show !== false
    theApp.openWindows.add(this)
    opened.add(this)
    contents.once('did-finish-load', () => this.emit('ready-to-show'))
    this.#prepare(contents, options).catch((thrown: unknown) => {
      // A browser that ends with the window half made is no failure of the window.
      note('window not prepared', String(thrown))
    })
  }

  static getAllWindows(): StandinWindow[] {
    return [...opened]
  }

  /** Without a screen none has the focus. */
  static getFocusedWindow(): null {
    return null
  }

  async #prepare(contents: WebContents, options: BrowserWindowConstructorOptions): Promise<void> {
    await contents.ready
    const { cdp } = await browser()
    await contents.command('Emulation.setDeviceMetricsOverride', {
      width: options.width ?? 800,
      height: options.height ?? 600,
      deviceScaleFactor: 1,
      mobile: false,
    })
    onTheme((theme) => {
      if (this.#isClosed) return
      const features = [{ name: 'prefers-color-scheme', value: theme === 'system' ? '' : theme }]
      contents
        .command('Emulation.setEmulatedMedia', { features })
        .catch((thrown: unknown) => note('theme not set', String(thrown)))
    })
    cdp.on('Target.targetDestroyed', ({ targetId }: { targetId: string }) => {
      if (targetId === contents.targetId) this.#end()
    })
    await cdp.send('Target.setDiscoverTargets', { discover: true })
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    theApp.openWindows.delete(this)
    opened.delete(this)
    this.webContents.end()
    this.emit('closed')
    if (theApp.openWindows.size === 0) theApp.emit('window-all-closed')
  }

  close(): void {
    const asked = new Preventable()
    this.emit('close', asked)
    if (!asked.isPrevented) this.destroy()
  }

  destroy(): void {
    if (this.#isClosed) return
    const { targetId } = this.webContents
    // A browser that is ending has closed it already.
    if (targetId !== '') {
      void browser().then(({ cdp }) => cdp.send('Target.closeTarget', { targetId }).catch(() => undefined))
    }
    this.#end()
  }

  loadURL(url: string): Promise<void> {
    return this.webContents.loadURL(url)
  }

  show(): void {
    this.#isVisible = true
  }

  hide(): void {
    this.#isVisible = false
  }

  isVisible(): boolean {
    return this.#isVisible
  }

  isMinimized(): boolean {
    return false
  }

  isDestroyed(): boolean {
    return this.#isClosed
  }

  focus(): void {
    this.emit('focus')
  }
}

/** What `new BrowserWindow(…)` makes. */
export const BrowserWindow = loudClass('BrowserWindow', StandinWindow)
