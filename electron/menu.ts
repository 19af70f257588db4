import type { MenuItemConstructorOptions } from 'electron'
import type { Words } from './words.ts'

/** What the menu bar depends on. */
type MenuOptions = {
  readonly words: Words
  readonly platform: NodeJS.Platform
  /** Offers the developer tools. */
  readonly isDiagnostic: boolean
  openWindow(): void
}

/** The menu bar. Items of a role carry our label, since Electron's own are English everywhere. */
export function menuTemplate(options: MenuOptions): MenuItemConstructorOptions[] {
  const { words, platform, isDiagnostic } = options
  const isMac = platform === 'darwin'
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  const quit: MenuItemConstructorOptions = { role: 'quit', label: words.quit }
  const application: MenuItemConstructorOptions = {
    label: 'Tidemark',
    submenu: [
      { role: 'about', label: words.about },
      separator,
      { role: 'hide', label: words.hide },
      { role: 'hideOthers', label: words.hideOthers },
      separator,
      quit,
    ],
  }
  return [
    ...(isMac ? [application] : []),
    {
      label: words.file,
      submenu: [
        { label: words.newWindow, accelerator: 'CmdOrCtrl+Shift+N', click: () => options.openWindow() },
        { role: 'close', label: words.closeWindow },
        ...(isMac ? [] : [separator, quit]),
      ],
    },
    {
      label: words.edit,
      submenu: [
        { role: 'undo', label: words.undo },
        { role: 'redo', label: words.redo },
        separator,
        { role: 'cut', label: words.cut },
        { role: 'copy', label: words.copy },
        { role: 'paste', label: words.paste },
        { role: 'selectAll', label: words.selectAll },
      ],
    },
    {
      // No reload: its keys belong to the window, where they ask the engine again.
      label: words.view,
      submenu: [
        { role: 'zoomIn', label: words.zoomIn },
        { role: 'zoomOut', label: words.zoomOut },
        { role: 'resetZoom', label: words.actualSize },
        separator,
        { role: 'togglefullscreen', label: words.fullScreen },
        ...(isDiagnostic
          ? ([
              separator,
              { role: 'toggleDevTools', label: words.developerTools },
            ] as MenuItemConstructorOptions[])
          : []),
      ],
    },
    { label: words.window, submenu: [{ role: 'minimize', label: words.minimize }] },
  ]
}
