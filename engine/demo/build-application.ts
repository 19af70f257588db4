import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from '../base/engine-error.ts'

const RENDERER = ['renderer/vite.config.ts']
const DESKTOP = ['electron/vite.config.ts', 'electron/vite.preload.config.ts']
const LONGEST_BUILD_MS = 120_000

/**
 * Builds the window, and the desktop application as well where it is asked for: about a second, so that what is shown
 * is never older than its source. Where the directory may not be written, what was built before is good enough.
 */
export async function buildApplication(
  root: string,
  parts: 'renderer' | 'desktop',
  signal: AbortSignal,
): Promise<void> {
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  try {
    for (const config of parts === 'desktop' ? [...RENDERER, ...DESKTOP] : RENDERER) {
      await promisify(execFile)(
        process.execPath,
        [vite, 'build', '--config', config, '--logLevel', 'error'],
        {
          cwd: root,
          signal,
          timeout: LONGEST_BUILD_MS,
        },
      )
    }
  } catch (thrown) {
    signal.throwIfAborted()
    if (existsSync(path.join(root, 'dist', 'renderer', 'index.html'))) return
    throw new EngineError('process.failed', 'the window cannot be built', {
      hint: 'Run npm run build as a user who may write to the project, then npm run demo.',
      cause: thrown,
    })
  }
}
