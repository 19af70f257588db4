import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { pendingEntry } from './content.ts'
import { listDataDirectory, listExternalDirectory, type SourceEntry } from './list-files.ts'
import type { BackupSettings } from './settings.ts'

/**
 * Everything that a backup is to hold: the data directory with its tablespaces, then the external directories. `slots` are the
 * names of the replication slots to take.
 *
 * @throws {EngineError} `storage.*`; `storage.not-found` also when the data directory lacks a tablespace of the server
 */
export async function listSources(
  {
    settings,
    facts,
    dataDirectory,
  }: {
    readonly settings: Pick<BackupSettings, 'externalDirs' | 'withServerLog'>
    readonly facts: Pick<ServerFacts, 'tablespaces' | 'tablespaceVersionDirectory'>
    readonly dataDirectory: string
  },
  slots: ReadonlySet<string>,
  run: Run,
): Promise<readonly SourceEntry[]> {
  const lists = [
    await listDataDirectory(
      dataDirectory,
      { versionDirectory: facts.tablespaceVersionDirectory, withServerLog: settings.withServerLog, slots },
      run,
    ),
  ]
  for (const [index, external] of settings.externalDirs.entries()) {
    lists.push(await listExternalDirectory(external, index + 1, run))
  }
  requireAllTablespaces(lists[0] ?? [], facts)
  return lists.flat()
}

/** A tablespace that the server knows and the data directory does not link to would silently be missing. */
function requireAllTablespaces(
  entries: readonly SourceEntry[],
  facts: Pick<ServerFacts, 'tablespaces'>,
): void {
  const listed = new Set(entries.map((entry) => entry.path))
  for (const { oid, name, location } of facts.tablespaces) {
    if (location === '' || listed.has(`pg_tblspc/${oid}`)) continue
    throw new EngineError(
      'storage.not-found',
      `the data directory has no link to tablespace "${name}" (${location})`,
      {
        hint: `Check pg_tblspc/${oid} of the data directory; it may be the directory of another server.`,
      },
    )
  }
}

/** The size of sources: 4096 for each directory, as the reference tool counts (catalog format 3.4). */
export function logicalBytes(entries: readonly SourceEntry[]): number {
  return entries.reduce((sum, { isDirectory, sizeBytes }) => sum + (isDirectory ? 4096 : sizeBytes), 0)
}

/** The content list before anything is copied. */
export function* pendingEntries(sources: readonly SourceEntry[]): Generator<ContentEntry> {
  for (const source of sources) yield pendingEntry(source)
}
