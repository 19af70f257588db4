import type { Run } from '../../base/run.ts'
import type { Session } from '../../server/connection.ts'
import { readReplicationSlots, type ReplicationSlot } from '../../server/postgres/replication-slots.ts'
import { SLOTS_DIRECTORY } from './exclusion.ts'
import type { BackupSettings } from './settings.ts'

/** For each of two questions that a server answers from memory. */
const TIMEOUT_MS = 5000

/**
 * Whether a slot can be brought back by a backup. A server that starts removes temporary ones, one that has lost its WAL is
 * of no use, and a physical one belongs to a standby of the server that it is on. Pure.
 */
export function isTakeable({
  kind,
  isTemporary,
  restartLsn,
  walStatus,
}: Pick<ReplicationSlot, 'kind' | 'isTemporary' | 'restartLsn' | 'walStatus'>): boolean {
  return kind === 'logical' && !isTemporary && restartLsn !== undefined && walStatus !== 'lost'
}

/**
 * The names of the logical replication slots that a backup takes with it: none unless that is asked for. A server that is
 * restored from it has them again and keeps WAL for them, which is a warning.
 *
 * @throws {EngineError} `server.*`, `run.*`
 */
export async function slotsToTake(
  { withSlots }: Pick<BackupSettings, 'withSlots'>,
  session: Session,
  run: Pick<Run, 'log'>,
): Promise<ReadonlySet<string>> {
  if (!withSlots) return new Set()
  const { slots } = await readReplicationSlots(session, TIMEOUT_MS)
  const names = slots.filter(isTakeable).map(({ name }) => name)
  if (names.length === 0) run.log.info('the server has no logical replication slot to back up')
  else {
    run.log.warning(
      `replication slots are backed up: ${names.join(', ')}. A server that is restored from this backup keeps WAL for them; ` +
        'drop those that nobody will use there',
    )
  }
  return new Set(names)
}

/**
 * Takes out the directories of slots that were dropped while they were backed up: no server starts on one without its
 * state. Source: PostgreSQL slot.c, RestoreSlotFromDisk. Pure.
 */
export function withoutDroppedSlots<
  Entry extends { readonly path: string; readonly externalDirNumber: number },
>(entries: readonly Entry[]): readonly Entry[] {
  const own = entries.filter(
    ({ path, externalDirNumber }) => externalDirNumber === 0 && path.startsWith(`${SLOTS_DIRECTORY}/`),
  )
  const there = new Set(own.map(({ path }) => path))
  const dropped = new Set(
    own.filter(({ path }) => path.split('/').length === 2 && !there.has(`${path}/state`)),
  )
  return dropped.size === 0 ? entries : entries.filter((entry) => !dropped.has(entry))
}
