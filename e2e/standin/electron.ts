/**
 * A stand-in for the part of Electron that Tidemark uses, on top of Chromium: the built `main.js` and `preload.cjs`
 * run in it unchanged. It shows that our own code works. It does not show that Electron does: its sandbox, its
 * bridge, menus, native dialogs, keyring and fuses are not here. What it lacks throws by name.
 */
export { app } from './app.ts'
export { BrowserWindow } from './browser-window.ts'
export {
  dialog,
  Menu,
  nativeImage,
  Notification,
  onDesktop,
  powerSaveBlocker,
  safeStorage,
  session,
  Tray,
} from './desktop.ts'
export { ipcMain } from './ipc.ts'
export { nativeTheme } from './native-theme.ts'
export { protocol } from './protocol.ts'
