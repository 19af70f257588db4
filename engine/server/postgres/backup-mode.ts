import { EngineError } from '../../base/engine-error.ts'
import { type Lsn, parseLsn } from '../../base/lsn.ts'
import type { Session } from '../connection.ts'
import { findVersion } from './versions.ts'

/** A checkpoint that is spread over its interval may take as long as `checkpoint_timeout`, a day at most. */
const LONGEST_CHECKPOINT_MS = 24 * 3600_000
const CLIENT_CHECK_INTERVAL = '5s'

export type StoppedBackup = {
  readonly stopLsn: Lsn
  readonly backupLabel: string
  /** Empty when there are no tablespaces. */
  readonly tablespaceMap: string
  /** The first transaction that was not yet begun. */
  readonly recoveryXid: bigint
  /** The server's clock, in Unix seconds. */
  readonly recoveryTimeSeconds: number
}

/**
 * Puts the server into backup mode, in the form that ends with the session: however this process ends, the server
 * leaves backup mode with the connection.
 */
export async function startBackup(
  session: Session,
  major: number,
  options: { readonly label: string; readonly isFast: boolean; readonly signal: AbortSignal },
): Promise<{ readonly startLsn: Lsn; readonly timeline: number }> {
  await leaveWithClient(session)
  const { rows } = await session.query(require(major).startBackup, [options.label, options.isFast], {
    signal: options.signal,
    timeoutMs: LONGEST_CHECKPOINT_MS,
  })
  const { rows: control } = await session.query(
    'select timeline_id from pg_catalog.pg_control_checkpoint()',
    [],
    options,
  )
  return { startLsn: parseLsn(String(rows[0]?.['lsn'])), timeline: Number(control[0]?.['timeline_id']) }
}

/**
 * Lets the server look now and then whether this process still lives. Otherwise it waits for its checkpoint, in backup
 * mode already, before it finds out that nobody is there any more.
 */
async function leaveWithClient(session: Session): Promise<void> {
  await session
    .query(
      "select pg_catalog.set_config(name, $1, false) from pg_catalog.pg_settings where name = 'client_connection_check_interval'",
      [CLIENT_CHECK_INTERVAL],
    )
    // Servers on some systems, Windows among them, know the setting and refuse it.
    .catch(() => undefined)
}

/** Ends backup mode. On a primary a restore point marks the end first, so that the WAL carries its time. */
export async function stopBackup(
  session: Session,
  major: number,
  options: {
    readonly restorePoint: string | undefined
    readonly timeoutMs: number
    readonly signal: AbortSignal
  },
): Promise<StoppedBackup> {
  const call = { signal: options.signal, timeoutMs: options.timeoutMs }
  if (options.restorePoint !== undefined) {
    await session.query('select pg_catalog.pg_create_restore_point($1)', [options.restorePoint], call)
  }
  const { rows } = await session.query(
    `select pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())::text as xid,
            extract(epoch from pg_catalog.date_trunc('second', pg_catalog.clock_timestamp()))::bigint::text as seconds,
            lsn::text as lsn, labelfile, spcmapfile
       from ${require(major).stopBackup}`,
    [],
    call,
  )
  const row = rows[0] ?? {}
  return {
    stopLsn: parseLsn(String(row['lsn'])),
    backupLabel: String(row['labelfile']),
    tablespaceMap: String(row['spcmapfile'] ?? ''),
    // Control files hold the 32 bits that recovery targets use.
    recoveryXid: BigInt(String(row['xid'])) & 0xffff_ffffn,
    recoveryTimeSeconds: Number(row['seconds']),
  }
}

/** Begins a new WAL segment, so that the one in use is archived soon. */
export async function switchWal(session: Session): Promise<void> {
  await session.query('select pg_catalog.pg_switch_wal()')
}

function require(major: number) {
  const version = findVersion(major)
  if (version === undefined)
    throw new EngineError('server.unsupported', `PostgreSQL ${major} is not supported`)
  return version
}
