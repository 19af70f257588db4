import { lstat } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

/**
 * Refuses a backup in which a directory that is written to is a link: a merge replaces files there and deletes what its list
 * does not name, and a catalog that came from elsewhere must not lead that out of itself. No tool of the family makes links
 * in a backup. Directories that are not there yet are fine.
 *
 * @param directories below `root`; the ones above them are looked at as well
 * @throws {EngineError} `backup.damaged` naming the link, with nothing changed; `storage.*`
 */
export async function requireOwnDirectories(root: string, directories: Iterable<string>): Promise<void> {
  const seen = new Set<string>()
  for (const directory of directories) {
    for (let at = path.normalize(directory); at !== '.' && !seen.has(at); at = path.dirname(at)) seen.add(at)
  }
  // Parents first: behind a link nothing is looked at.
  for (const directory of [...seen].toSorted((a, b) => a.length - b.length)) {
    const place = path.join(root, directory)
    const found = await lstat(place).catch((thrown: unknown) => {
      if (isMissing(thrown)) return undefined
      throw mapFileError(thrown, place, 'look at')
    })
    if (found === undefined || found.isDirectory()) continue
    throw new EngineError('backup.damaged', `"${place}" is not a directory of the backup itself`, {
      hint: 'Nothing was merged. Where it is a link that you made, put the directory itself in its place.',
      facts: { path: place },
    })
  }
}
