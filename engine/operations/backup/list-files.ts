import { readdirSync, statSync, type Stats } from 'node:fs'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { isListablePath } from '../../format/content-list.ts'
import { classifyRelationFile } from '../../format/file-names.ts'
import { mapFileError } from '../../host/file-error.ts'
import {
  isContentSkipped,
  isDirectoryExcluded,
  isFileExcluded,
  type TakenBesides,
  withoutUnlogged,
} from './exclusion.ts'

/** One thing to be backed up. */
export type SourceEntry = {
  /** Relative to the data directory or to the external directory, `/`-separated. */
  readonly path: string
  /** The data directory or external directory. */
  readonly root: string
  readonly isDirectory: boolean
  /** `st_mode` with its type bits. */
  readonly mode: number
  readonly sizeBytes: number
  /** Last change of the content, Unix milliseconds. */
  readonly modifiedMs: number
  /** Last change of content, mode, owner, name or times, Unix milliseconds; no program can set it. */
  readonly statusChangedMs: number
  /** 0 = data directory, N = `externaldirN`. */
  readonly externalDirNumber: number
  readonly isDataFile: boolean
  readonly segmentNumber: number
  readonly databaseOid: number
}

/** Where an entry lies. Put together when it is needed: a hundred thousand of them would be held for the whole backup. */
export function absolutePathOf({ root, path: relative }: Pick<SourceEntry, 'root' | 'path'>): string {
  // Joining by a function that also tidies up takes a third of the time of the whole list.
  return `${root}${path.sep}${relative}`
}

/** A cluster has several hundred files right after initdb; fewer mean that this is not one. */
const FEWEST_ENTRIES = 100

/** Directories are read synchronously; this many entries between two breaths of the event loop. */
const ENTRIES_PER_SLICE = 500

type Rules = {
  readonly isDirectoryExcluded: (path: string) => boolean
  readonly isContentSkipped: (path: string) => boolean
  readonly isFileExcluded: (path: string) => boolean
}

/**
 * Lists a data directory by the rules of section 4.6 of the catalog format, tablespaces included.
 * The list is sorted by path. Files that vanish while it is made are left out.
 *
 * @throws {EngineError} `storage.not-found` when a tablespace link leads nowhere, or when this is no data directory.
 */
export async function listDataDirectory(
  directory: string,
  options: TakenBesides & { readonly versionDirectory: string },
  run: Run,
): Promise<readonly SourceEntry[]> {
  const entries = await walk(directory, 0, run, {
    isDirectoryExcluded: (at) => isDirectoryExcluded(at, options.versionDirectory, options),
    isContentSkipped: (at) => isContentSkipped(at, options),
    isFileExcluded,
  })
  if (entries.length < FEWEST_ENTRIES) {
    throw new EngineError(
      'storage.not-found',
      `${directory} holds only ${entries.length} files and directories`,
      {
        hint: 'Check that this is the data directory of the server (SHOW data_directory).',
      },
    )
  }
  return withoutUnlogged(entries)
}

/** Lists an external directory: everything but hidden entries. */
export async function listExternalDirectory(
  directory: string,
  number: number,
  run: Run,
): Promise<readonly SourceEntry[]> {
  const stats = statOf(directory)
  if (stats === undefined || !stats.isDirectory()) {
    throw new EngineError('storage.not-found', `the external directory ${directory} does not exist`, {
      hint: 'Correct external-dirs of the instance, or pass --external-dirs=none.',
    })
  }
  const none = (): boolean => false
  return await walk(directory, number, run, {
    isDirectoryExcluded: none,
    isContentSkipped: none,
    isFileExcluded: none,
  })
}

async function walk(root: string, externalDirNumber: number, run: Run, rules: Rules): Promise<SourceEntry[]> {
  const entries: SourceEntry[] = []
  const directories = ['']
  let sinceBreath = 0
  for (let at = directories.pop(); at !== undefined; at = directories.pop()) {
    for (const name of namesIn(path.join(root, at))) {
      if (++sinceBreath > ENTRIES_PER_SLICE) {
        sinceBreath = 0
        await new Promise(setImmediate)
        run.signal.throwIfAborted()
        run.report({
          phase: 'list-files',
          doneBytes: 0,
          totalBytes: undefined,
          doneFiles: entries.length,
          totalFiles: undefined,
          currentFiles: [],
        })
      }
      const relative = at === '' ? name : `${at}/${name}`
      const entry = examine(root, relative, externalDirNumber, run, rules)
      if (entry === undefined) continue
      entries.push(entry)
      if (entry.isDirectory && !rules.isContentSkipped(relative)) directories.push(relative)
    }
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

function examine(
  root: string,
  relative: string,
  externalDirNumber: number,
  run: Run,
  rules: Rules,
): SourceEntry | undefined {
  const absolutePath = absolutePathOf({ root, path: relative })
  const name = relative.slice(relative.lastIndexOf('/') + 1)
  if (name.startsWith('.')) {
    run.log.warning(`skip hidden file: "${absolutePath}"`)
    return undefined
  }
  const stats = statOf(absolutePath)
  if (stats === undefined) {
    if (/^pg_tblspc\/[^/]+$/.test(relative) && externalDirNumber === 0) {
      throw new EngineError('storage.not-found', `the tablespace link ${absolutePath} leads nowhere`, {
        hint: 'Mount the tablespace again, or drop it on the server; a backup without it could not be restored.',
      })
    }
    return undefined
  }
  const isDirectory = stats.isDirectory()
  if (isDirectory ? rules.isDirectoryExcluded(relative) : rules.isFileExcluded(relative)) return undefined
  if (!isDirectory && !stats.isFile()) {
    run.log.warning(`skip special file: "${absolutePath}"`)
    return undefined
  }
  if (!isListablePath(relative)) {
    run.log.warning(
      `skip "${absolutePath}": the content list cannot hold a name with a comma, quote or newline`,
    )
    return undefined
  }
  const relation = externalDirNumber === 0 && !isDirectory ? classifyRelationFile(relative) : undefined
  return {
    path: relative,
    root,
    isDirectory,
    mode: stats.mode,
    sizeBytes: isDirectory ? 0 : stats.size,
    modifiedMs: stats.mtimeMs,
    statusChangedMs: stats.ctimeMs,
    externalDirNumber,
    isDataFile: relation?.isDataFile ?? false,
    segmentNumber: relation?.segmentNumber ?? 0,
    databaseOid: relation?.databaseOid ?? 0,
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'list')
  }
}

/** Follows links, as the server does. Undefined when there is nothing (any more). */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file)
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw mapFileError(thrown, file, 'look at')
  }
}

function isMissing(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
  )
}
