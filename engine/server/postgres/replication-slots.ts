import { isoFromMs, type IsoTime } from '../../base/iso-time.ts'
import { type Lsn, parseLsn } from '../../base/lsn.ts'
import type { Session } from '../connection.ts'

/** A replication slot as the server tells of it. */
export type ReplicationSlot = {
  readonly name: string
  readonly kind: 'physical' | 'logical'
  /** The output plugin; logical slots alone have one. */
  readonly plugin: string | undefined
  readonly database: string | undefined
  readonly isActive: boolean
  /** Gone with its connection. */
  readonly isTemporary: boolean
  /** What uses it, as it calls itself; undefined when nothing does, or the role may not see it. */
  readonly client: string | undefined
  /** The process of the server that uses it. */
  readonly activePid: number | undefined
  /** The server keeps WAL from here on; undefined = none, for it was never used, or has lost it. */
  readonly restartLsn: Lsn | undefined
  /** How much of it the server has written since. */
  readonly behindBytes: number | undefined
  /**
   * `reserved`, `extended` (more than max_wal_size), `unreserved` (may go with the next checkpoint) or `lost`; undefined
   * before PostgreSQL 13. Source: PostgreSQL manual, `pg_replication_slots`.
   */
  readonly walStatus: string | undefined
  /** What can be written before the slot may lose WAL; undefined = there is no limit, or it is not told. */
  readonly safeWalBytes: number | undefined
  /** Since when nothing uses it; undefined before PostgreSQL 17, which does not tell. */
  readonly inactiveSince: IsoTime | undefined
  /** How many transactions ago those began whose rows it keeps from being vacuumed; undefined = it keeps none. */
  readonly xidAge: number | undefined
}

export type ReplicationSlots = {
  /** Where the server is now: it writes here, or as a standby replays. */
  readonly nowLsn: Lsn
  readonly maxSlots: number
  /** Those that are furthest behind come first. */
  readonly slots: readonly ReplicationSlot[]
}

/** More than any server has; `max_replication_slots` bounds them. */
const MOST_SLOTS = 1000

/** Asks for the slots of a server. `timeoutMs` bounds each of two questions. @throws {EngineError} `server.*`, `run.*` */
export async function readReplicationSlots(session: Session, timeoutMs: number): Promise<ReplicationSlots> {
  const call = { timeoutMs }
  const [own] = (
    await session.query(
      `select case when pg_catalog.pg_is_in_recovery()
                   then coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0'::pg_catalog.pg_lsn)
                   else pg_catalog.pg_current_wal_lsn() end::text as now,
              pg_catalog.current_setting('max_replication_slots')::int as most`,
      [],
      call,
    )
  ).rows
  const nowLsn = parseLsn(String(own?.['now']))
  // What a version does not have is null this way.
  const { rows } = await session.query(
    `select s.slot_name, s.slot_type, s.plugin, s.database, s.active, s.active_pid, s.temporary, s.restart_lsn::text,
            to_jsonb(s) ->> 'wal_status' as wal_status, to_jsonb(s) ->> 'safe_wal_size' as safe_wal,
            extract(epoch from (to_jsonb(s) ->> 'inactive_since')::timestamptz)::text as inactive_since,
            greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin))::text as xid_age,
            r.application_name as client
       from pg_catalog.pg_replication_slots s
       left join pg_catalog.pg_stat_replication r on r.pid = s.active_pid
      order by s.restart_lsn nulls last, s.slot_name limit ${MOST_SLOTS}`,
    [],
    call,
  )
  const slots = rows.map((row): ReplicationSlot => {
    const text = (key: string) => (row[key] == null ? undefined : String(row[key]))
    const restart = text('restart_lsn')
    const restartLsn = restart === undefined ? undefined : parseLsn(restart)
    const [safe, since, age, pid] = ['safe_wal', 'inactive_since', 'xid_age', 'active_pid'].map(text)
    return {
      name: String(row['slot_name']),
      kind: row['slot_type'] === 'logical' ? 'logical' : 'physical',
      plugin: text('plugin'),
      database: text('database'),
      isActive: row['active'] === true,
      isTemporary: row['temporary'] === true,
      client: text('client') || undefined,
      activePid: pid === undefined ? undefined : Number(pid),
      restartLsn,
      behindBytes: restartLsn && Math.max(0, Number(nowLsn - restartLsn)),
      walStatus: text('wal_status'),
      safeWalBytes: safe === undefined ? undefined : Number(safe),
      inactiveSince: since === undefined ? undefined : isoFromMs(Math.floor(Number(since) * 1000)),
      xidAge: age === undefined ? undefined : Number(age),
    }
  })
  return { nowLsn, maxSlots: Number(own?.['most']), slots }
}
