import type { Run } from '../../base/run.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import type { DatabaseMapEntry } from '../../format/database-map.ts'
import type { DatabaseChange } from '../../format/wal-databases.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { describeLost, findLostDatabases } from '../steps/lost-databases.ts'
import type { SourceEntry } from './list-files.ts'
import type { BackupSettings } from './settings.ts'

/** What is no obstacle to a backup and yet not as it should be, before it starts. */
export function warnOfServer(facts: ServerFacts, settings: BackupSettings, run: Pick<Run, 'log'>): void {
  if (!facts.hasChecksums) {
    run.log.warning(
      'the cluster has no data checksums: damaged pages cannot be told from sound ones (pg_checksums --enable)',
    )
  }
  if (facts.isSuperuser) {
    run.log.warning('the role is a superuser; a role with fewer rights is enough for backups')
  }
  if (!settings.isStream && facts.archiveMode === 'off') {
    run.log.warning('archive_mode is off: WAL must reach the archive of the catalog in another way')
  }
}

/** Databases that were moved, or copied from one that is gone: WAL tells of that, and not of their files. */
export function warnOfLost(
  changes: readonly DatabaseChange[],
  sources: readonly SourceEntry[],
  copied: readonly ContentEntry[],
  databases: readonly DatabaseMapEntry[],
  run: Pick<Run, 'log'>,
): void {
  if (changes.length === 0) return
  const there = new Set(copied.flatMap((entry) => (entry.externalDirNumber === 0 ? [entry.path] : [])))
  const vanished = sources.filter(
    (source) => source.externalDirNumber === 0 && source.isDataFile && !there.has(source.path),
  )
  for (const lost of findLostDatabases(changes, copied, vanished)) {
    const { name } = databases.find(({ oid }) => oid === lost.place.databaseOid) ?? {}
    run.log.warning(describeLost(lost, name))
  }
}
