import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import type { Run } from '../../base/run.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

/** One thing that is in a directory which a restore is to go into. */
export type ExistingFile = {
  readonly absolutePath: string
  /** Relative to its root, `/`-separated. */
  readonly path: string
  /** 0 = data directory, N = `externaldirN`, undefined = below a place that is emptied. */
  readonly externalDirNumber: number | undefined
  readonly kind: 'file' | 'directory' | 'link-to-directory' | 'other-link'
  /** Of a file, in bytes; else 0. */
  readonly sizeBytes: number
  readonly modifiedMs: number
  /** Of a link to a directory, absolute. */
  readonly leadsTo: string | undefined
}

/** Directories are read synchronously; this many entries between two breaths of the event loop. */
const ENTRIES_PER_SLICE = 500

/**
 * Lists what is below a directory, parents before children. Hidden entries are left out: they are nobody's but the
 * user's. What vanishes meanwhile is left out as well.
 *
 * @throws {EngineError} `storage.*`
 */
export async function listExisting(
  root: string,
  options: {
    readonly externalDirNumber: number | undefined
    /** Whether the content of a directory belongs to the list; for a link, `leadsTo` is where. */
    readonly descends: (path: string, leadsTo: string | undefined) => boolean
  },
  run: Pick<Run, 'signal'>,
): Promise<readonly ExistingFile[]> {
  const found: ExistingFile[] = []
  const directories = ['']
  let sinceBreath = 0
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    for (const name of namesIn(path.join(root, at))) {
      if (++sinceBreath > ENTRIES_PER_SLICE) {
        sinceBreath = 0
        await new Promise(setImmediate)
        run.signal.throwIfAborted()
      }
      const relative = at === '' ? name : `${at}/${name}`
      const one = examine(root, relative, options.externalDirNumber)
      if (one === undefined) continue
      found.push(one)
      const isDirectory = one.kind === 'directory' || one.kind === 'link-to-directory'
      if (isDirectory && options.descends(relative, one.leadsTo)) directories.push(relative)
    }
  }
  return found
}

/** Changes whenever a name, size or time of the list does. */
export function fingerprintOf(existing: readonly ExistingFile[]): string {
  const hash = createHash('sha256')
  for (const { absolutePath, kind, sizeBytes, modifiedMs } of existing)
    hash.update(`${absolutePath}\0${kind}\0${sizeBytes}\0${modifiedMs}\n`)
  return hash.digest('hex')
}

function examine(
  root: string,
  relative: string,
  externalDirNumber: number | undefined,
): ExistingFile | undefined {
  const absolutePath = path.join(root, relative)
  try {
    const stats = lstatSync(absolutePath)
    const kind = stats.isDirectory()
      ? 'directory'
      : !stats.isSymbolicLink()
        ? 'file'
        : statSync(absolutePath, { throwIfNoEntry: false })?.isDirectory() === true
          ? 'link-to-directory'
          : 'other-link'
    return {
      absolutePath,
      path: relative,
      externalDirNumber,
      kind,
      sizeBytes: kind === 'file' ? stats.size : 0,
      // The time of a directory changes with what is in it, which is listed itself.
      modifiedMs: kind === 'file' ? stats.mtimeMs : 0,
      leadsTo:
        kind === 'link-to-directory'
          ? path.resolve(path.dirname(absolutePath), readlinkSync(absolutePath))
          : undefined,
    }
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw mapFileError(thrown, absolutePath, 'examine')
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .toSorted()
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'list')
  }
}
