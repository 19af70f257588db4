import { statSync } from 'node:fs'
import { EngineError } from '../base/engine-error.ts'

/**
 * Turns what the file system throws into a failure that names the file and says what to do. What is an
 * {@link EngineError} already, or no error of the file system, is given back as it is.
 */
export function mapFileError(thrown: unknown, file: string, what: string): unknown {
  if (thrown instanceof EngineError || !(thrown instanceof Error) || !('code' in thrown)) return thrown
  const facts = { path: file }
  switch (thrown.code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new EngineError('storage.not-found', `cannot ${what} "${file}": it does not exist`, {
        hint: 'Check the path and whether its disk is mounted.',
        cause: thrown,
        facts,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EngineError(
        'storage.denied',
        `cannot ${what} "${file}": ${describeAccess(thrown.code, file)}`,
        {
          hint: 'Run Tidemark as the user that owns the files, or let it read and write there.',
          cause: thrown,
          facts,
        },
      )
    case 'ENOSPC':
    case 'EDQUOT':
      return new EngineError('storage.full', `cannot ${what} "${file}": no room is left`, {
        hint: 'Free space or choose a larger disk, then try again. What was complete before is untouched.',
        cause: thrown,
        facts,
      })
    case 'EEXIST':
      return new EngineError('storage.exists', `cannot ${what} "${file}": it exists already`, {
        cause: thrown,
        facts,
      })
    default:
      return new EngineError('storage.failed', `cannot ${what} "${file}": ${thrown.message}`, {
        hint: 'Check the disk and the log of the operating system.',
        cause: thrown,
        facts,
      })
  }
}

/** Whether a file or one of its directories is not there. */
export function isMissing(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
  )
}

function describeAccess(code: unknown, file: string): string {
  if (code === 'EROFS') return 'the file system is mounted read-only'
  try {
    const { uid, gid, mode } = statSync(file)
    return `access is denied (owner ${uid}, group ${gid}, mode ${(mode & 0o7777).toString(8)}, we are ${process.getuid?.() ?? '?'})`
  } catch {
    // A directory above it refuses, so nothing can be said of the file itself.
    return `access is denied (we are ${process.getuid?.() ?? '?'})`
  }
}
