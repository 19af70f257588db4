import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const MEMORY_DISK = '/dev/shm'

/**
 * Gives everybody who is started from now on one directory for temporary files, in memory where that many bytes are to
 * spare: tests make hundreds of thousands of files, which is most of the work of a disk. What every process would make
 * again lies there too: compiled modules, recorded catalogs, clusters fresh from initdb. Returns what removes it all.
 */
export function openTestDirectory(name: string, neededBytes: number): () => void {
  const directory = mkdtempSync(
    path.join(isMemoryRoomy(neededBytes) ? MEMORY_DISK : tmpdir(), `tidemark-${name}-`),
  )
  // Servers may run as another user than this process.
  chmodSync(directory, 0o711)
  const compiled = path.join(directory, 'compiled')
  mkdirSync(compiled, { mode: 0o700 })
  process.env['TMPDIR'] = directory
  process.env['NODE_COMPILE_CACHE'] ??= compiled
  process.env['TIDEMARK_UNPACKED_FIXTURES'] = path.join(directory, 'fixtures')
  process.env['TIDEMARK_FRESH_CLUSTERS'] = path.join(directory, 'clusters')
  return () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

function isMemoryRoomy(neededBytes: number): boolean {
  if (process.platform !== 'linux' || process.availableMemory() < neededBytes) return false
  try {
    const { bavail, bsize } = statfsSync(MEMORY_DISK)
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, place]) => place === MEMORY_DISK)
    const [, , kind, options = ''] = mount ?? []
    // Some scenarios put a program of their own into the way.
    return kind === 'tmpfs' && !options.split(',').includes('noexec') && bavail * bsize >= neededBytes
  } catch {
    // There is none.
    return false
  }
}
