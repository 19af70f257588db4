import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const MEMORY_DISK = '/dev/shm'
/** The largest scenario alone puts 5 GB there, and two files run at the same time. */
const NEEDED_BYTES = 8 * 2 ** 30

let directory: string | undefined

/**
 * Vitest calls this before the first scenario file. All of them keep their temporary files below one directory, in memory
 * where that is large enough: they make hundreds of thousands of files, which is most of the work of a disk. What every
 * process would make again lies there too: compiled modules, and clusters fresh from initdb.
 */
export function setup(): void {
  directory = mkdtempSync(path.join(isMemoryRoomy() ? MEMORY_DISK : tmpdir(), 'tidemark-scenarios-'))
  // Servers may run as another user than this process.
  chmodSync(directory, 0o711)
  const compiled = path.join(directory, 'compiled')
  mkdirSync(compiled, { mode: 0o700 })
  process.env['TMPDIR'] = directory
  process.env['NODE_COMPILE_CACHE'] ??= compiled
  process.env['TIDEMARK_FRESH_CLUSTERS'] = path.join(directory, 'clusters')
}

/** Vitest calls this after the last. */
export function teardown(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

function isMemoryRoomy(): boolean {
  if (process.platform !== 'linux' || process.availableMemory() < NEEDED_BYTES) return false
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK)
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, place]) => place === MEMORY_DISK)
    const [, , kind, options = ''] = mount ?? []
    // Some scenarios put a program of their own into the way.
    return kind === 'tmpfs' && !options.split(',').includes('noexec') && bavail * bsize >= NEEDED_BYTES
  } catch {
    // There is none.
    return false
  }
}
