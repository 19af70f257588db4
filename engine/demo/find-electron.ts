import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** The Electron binary of this machine. */
export function findElectron(): string | undefined {
  const manifest = createRequire(import.meta.url).resolve('electron/package.json')
  const distribution = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(path.dirname(manifest), 'dist')
  const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }
  const name =
    process.platform === 'darwin' || process.platform === 'win32' ? names[process.platform] : 'electron'
  const file = path.join(distribution, name)
  return existsSync(file) ? file : undefined
}
