import { EngineError } from '../base/engine-error.ts'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { Log } from '../base/log.ts'
import { type ConnectionSettings, openSession } from './connection.ts'
import { quoteName, type WalConnection } from './wal-stream.ts'

/** Since this version the replication protocol tells of slots; before it, SQL does. Source: release notes of 15. */
const READS_SLOTS = 150_000

/** Where a physical slot holds WAL from; undefined = it holds none yet. */
export type SlotPosition = { readonly restartLsn: Lsn | undefined }

/**
 * Finds a physical replication slot, or makes it, so that it holds WAL from now on.
 *
 * @throws {EngineError} `plan.refused` when it is not there and must not be made, or is a logical one
 */
export async function requireSlot(
  connection: WalConnection,
  settings: ConnectionSettings,
  slot: { readonly name: string; readonly isMade: boolean },
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<SlotPosition> {
  const known = await findSlot(connection, settings, slot.name, call)
  if (known !== undefined) return known
  if (!slot.isMade) {
    throw new EngineError('plan.refused', `the server has no replication slot "${slot.name}"`, {
      hint: `Have it made: the window does when receiving is started there, the command line with --create-slot. Or run SELECT pg_create_physical_replication_slot('${slot.name}', true).`,
    })
  }
  await connection.command(
    `CREATE_REPLICATION_SLOT ${quoteName(slot.name)} PHYSICAL RESERVE_WAL`,
    call.signal,
  )
  call.log.info(`replication slot "${slot.name}" was made; the server keeps WAL for it until it is dropped`)
  return (await findSlot(connection, settings, slot.name, call)) ?? { restartLsn: undefined }
}

async function findSlot(
  connection: WalConnection,
  settings: ConnectionSettings,
  name: string,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<SlotPosition | undefined> {
  const [version] = await connection.command('SHOW server_version_num', call.signal)
  const [type, restart] =
    Number(version?.[0]) >= READS_SLOTS
      ? ((await connection.command(`READ_REPLICATION_SLOT ${quoteName(name)}`, call.signal))[0] ?? [])
      : await findSlotBySql(settings, name, call)
  if (typeof type !== 'string') return undefined
  if (type !== 'physical') {
    throw new EngineError('plan.refused', `the replication slot "${name}" is a ${type} one`, {
      hint: 'Name another slot.',
    })
  }
  return { restartLsn: typeof restart === 'string' ? parseLsn(restart) : undefined }
}

/** For servers whose replication protocol cannot tell. Exported for its test on newer ones. */
export async function findSlotBySql(
  settings: ConnectionSettings,
  name: string,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<readonly (string | null)[]> {
  await using session = await openSession(settings, call)
  const { rows } = await session.query(
    'select slot_type, restart_lsn::text from pg_catalog.pg_replication_slots where slot_name = $1',
    [name],
  )
  const [row] = rows
  if (row === undefined) return []
  return [String(row['slot_type']), row['restart_lsn'] == null ? null : String(row['restart_lsn'])]
}
