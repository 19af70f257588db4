import { EngineError } from '../../base/engine-error.ts'
import { type IsoTime, isoFromMs } from '../../base/iso-time.ts'
import type { Session } from '../connection.ts'

/** What a server says of how its WAL leaves it. */
export type ArchivingFacts = {
  readonly major: number
  readonly isInRecovery: boolean
  readonly role: string
  readonly canReplicate: boolean
  /** Whether the role may end a segment. */
  readonly canSwitch: boolean
  readonly walLevel: string
  readonly archiveMode: string
  /** Undefined when the role may not see it. Older servers than 15 have no library. */
  readonly archiveCommand: string | undefined
  readonly archiveLibrary: string | undefined
  readonly maxWalSenders: number
  readonly usedWalSenders: number
  readonly maxSlots: number
  readonly slots: readonly string[]
  readonly synchronousStandbyNames: string
  /** `pg_stat_archiver`; undefined when the role may not see it. */
  readonly archiver: ArchiverFacts | undefined
}

export type ArchiverFacts = {
  readonly archivedCount: number
  readonly lastArchivedWal: string | undefined
  readonly lastArchivedAt: IsoTime | undefined
  readonly failedCount: number
  readonly lastFailedWal: string | undefined
  readonly lastFailedAt: IsoTime | undefined
  /**
   * Files that wait to be archived; undefined when the role may not see it. A command that cannot even be started is
   * counted nowhere else: the archiver ends itself (`pgarch.c`).
   */
  readonly waitingCount: number | undefined
}

/** Asks a server how it archives. @throws {EngineError} `server.*` */
export async function readArchivingFacts(session: Session): Promise<ArchivingFacts> {
  const { rows: settings } = await session.query(
    `select name, setting from pg_catalog.pg_settings
      where name in ('server_version_num', 'wal_level', 'archive_mode', 'archive_command', 'archive_library',
                     'max_wal_senders', 'max_replication_slots', 'synchronous_standby_names')`,
  )
  const found = new Map(settings.map((row) => [String(row['name']), String(row['setting'] ?? '')]))
  const [own] = (
    await session.query(
      `select current_user as role, rolsuper or rolreplication as replicates,
              pg_catalog.pg_is_in_recovery() as standby,
              pg_catalog.has_function_privilege('pg_catalog.pg_switch_wal()', 'execute') as switches,
              (select count(*)::int from pg_catalog.pg_stat_replication) as senders
         from pg_catalog.pg_roles where rolname = current_user`,
    )
  ).rows
  const { rows: slots } = await session.query(
    'select slot_name from pg_catalog.pg_replication_slots order by slot_name',
  )
  return {
    major: Math.floor(Number(found.get('server_version_num')) / 10_000),
    isInRecovery: own?.['standby'] === true,
    role: String(own?.['role']),
    canReplicate: own?.['replicates'] === true,
    canSwitch: own?.['switches'] === true,
    walLevel: found.get('wal_level') ?? '',
    archiveMode: found.get('archive_mode') ?? '',
    archiveCommand: found.get('archive_command'),
    archiveLibrary: found.get('archive_library'),
    maxWalSenders: Number(found.get('max_wal_senders')),
    usedWalSenders: Number(own?.['senders']),
    maxSlots: Number(found.get('max_replication_slots')),
    slots: slots.map((row) => String(row['slot_name'])),
    synchronousStandbyNames: found.get('synchronous_standby_names') ?? '',
    archiver: await readArchiver(session),
  }
}

export async function readArchiver(session: Session): Promise<ArchiverFacts | undefined> {
  const [row] = (
    await session.query(
      `select archived_count::text, last_archived_wal, extract(epoch from last_archived_time)::text as archived_at,
              failed_count::text, last_failed_wal, extract(epoch from last_failed_time)::text as failed_at
         from pg_catalog.pg_stat_archiver`,
    )
  ).rows
  if (row === undefined || row['archived_count'] == null) return undefined
  const text = (key: string) => (row[key] == null ? undefined : String(row[key]))
  const time = (key: string) => (row[key] == null ? undefined : isoFromMs(Number(row[key]) * 1000))
  return {
    archivedCount: Number(row['archived_count']),
    lastArchivedWal: text('last_archived_wal'),
    lastArchivedAt: time('archived_at'),
    failedCount: Number(row['failed_count']),
    lastFailedWal: text('last_failed_wal'),
    lastFailedAt: time('failed_at'),
    waitingCount: await countWaiting(session),
  }
}

async function countWaiting(session: Session): Promise<number | undefined> {
  try {
    const { rows } = await session.query(
      "select count(*)::int as n from pg_catalog.pg_ls_archive_statusdir() where name like '%.ready'",
    )
    return Number(rows[0]?.['n'])
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'server.denied') return undefined
    throw thrown
  }
}
