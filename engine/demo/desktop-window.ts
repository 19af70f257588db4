import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findElectron } from './find-electron.ts'
import type { DemoServer } from './demo-server.ts'

/** Electron, where it can show a window: its binary and a display are there, and we are not root, whom it refuses. */
export function usableElectron(): string | undefined {
  const hasDisplay =
    process.platform !== 'linux' ||
    process.env['DISPLAY'] !== undefined ||
    process.env['WAYLAND_DISPLAY'] !== undefined
  return hasDisplay && process.getuid?.() !== 0 ? findElectron() : undefined
}

/** Runs the desktop application on the demo's state until its user or `signal` ends it. */
export async function runDesktop(
  electron: string,
  root: string,
  place: { readonly userData: string; readonly server: DemoServer },
  signal: AbortSignal,
): Promise<void> {
  const passwords = path.join(place.userData, 'pgpass')
  await writeFile(passwords, `*:*:*:postgres:${place.server.password}\n`, { mode: 0o600 })
  const child = spawn(
    electron,
    [path.join(root, 'dist', 'electron', 'main.js'), `--user-data-dir=${place.userData}`],
    { stdio: 'inherit', env: { ...process.env, PGPASSFILE: passwords } },
  )
  const stop = (): void => void child.kill()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await once(child, 'exit')
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
