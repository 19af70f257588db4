import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ContentEntry } from '../../format/content-list.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

/** Names that are told; the others are counted. */
export type UnlistedFiles = {
  /** Paths below the directory of the backup, at most as many as were asked for. */
  readonly names: readonly string[]
  readonly count: number
}

/** What a merge puts beside a listed file while it writes it (catalog format 1.4); the next merge clears it away. */
const DRAFT = /_tmp[12]?$/
/** What NFS keeps of a file that is deleted while it is open. */
const DELETED_ON_NFS = /^\.nfs[0-9a-f]+$/

/**
 * Finds files in the directories of a backup, tablespaces and external directories among them, that its content list does
 * not name: they are not restored. Directories alone are nothing, and links are not followed. One look at every
 * directory; nothing is opened.
 *
 * @param most names that are told
 * @throws {EngineError} `storage.*` when a directory cannot be read
 */
export async function findUnlistedFiles(
  directory: string,
  entries: readonly ContentEntry[],
  most: number,
  signal: AbortSignal,
): Promise<UnlistedFiles> {
  const listed = new Map<number, Set<string>>()
  for (const { path: name, externalDirNumber } of entries) {
    const names = listed.get(externalDirNumber)
    if (names === undefined) listed.set(externalDirNumber, new Set([name]))
    else names.add(name)
  }
  const names: string[] = []
  let count = 0
  const visit = async (root: string, below: string, known: ReadonlySet<string>): Promise<void> => {
    signal.throwIfAborted()
    for (const found of await entriesOf(path.join(directory, root, below))) {
      const name = below === '' ? found.name : `${below}/${found.name}`
      if (found.isDirectory()) await visit(root, name, known)
      else if (!known.has(name) && !known.has(name.replace(DRAFT, '')) && !DELETED_ON_NFS.test(found.name)) {
        count++
        if (names.length < most) names.push(`${root}/${name}`)
      }
    }
  }
  await visit('database', '', listed.get(0) ?? new Set())
  for (const found of await entriesOf(path.join(directory, 'external_directories'))) {
    const number = /^externaldir([1-9]\d*)$/.exec(found.name)?.[1]
    const known = number === undefined ? undefined : listed.get(Number(number))
    await visit(`external_directories/${found.name}`, '', known ?? new Set())
  }
  return { names, count }
}

/** In the order of names, so that the same ones are told every time. Nothing for a directory that is not there. */
async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    const found = await readdir(directory, { withFileTypes: true })
    return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'read')
  }
}
