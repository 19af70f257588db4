import { BrowserWindow } from 'electron'
import { PAGE_URL } from './app-protocol.ts'

/** What a window is opened with. */
type WindowOptions = {
  /** The bundled preload, `preload.cjs`. */
  readonly preload: string
  readonly icon: string
  /** Shown until the page has drawn: no white flash in a dark room. */
  readonly isDark: boolean
  readonly hasDeveloperTools: boolean
  /** The page could not be loaded. */
  onFailure(reason: unknown): void
}

/** A page that ends this often in a row is broken; loading it again would only burn time. */
const MOST_RELOADS = 3
const RELOADS_FORGOTTEN_AFTER_MS = 60_000

/** Opens a window on the page and shows it once it has something to show. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const { preload, icon, isDark, hasDeveloperTools } = options
  const window = new BrowserWindow({
    width: 1280,
    height: 820,
    minWidth: 880,
    minHeight: 560,
    show: false,
    title: 'Tidemark',
    icon,
    backgroundColor: isDark ? '#14181d' : '#f7f8f9',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      spellcheck: false,
      devTools: hasDeveloperTools,
    },
  })
  window.once('ready-to-show', () => window.show())
  reloadWhenGone(window)
  window.loadURL(PAGE_URL).catch((reason: unknown) => {
    // Closed before it had loaded: nobody waits for it.
    if (!window.isDestroyed()) options.onFailure(reason)
  })
  return window
}

/** Shows a window that may be hidden, minimised or behind others. */
export function bringToFront(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** Jobs live in the engine: a page that ended is loaded again and finds them as they are. */
function reloadWhenGone(window: BrowserWindow): void {
  let reloads: number[] = []
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    const now = Date.now()
    reloads = [...reloads.filter((at) => now - at < RELOADS_FORGOTTEN_AFTER_MS), now]
    if (reloads.length <= MOST_RELOADS) window.webContents.reload()
    else window.destroy()
  })
}
