import type { IsoTime } from '../../base/iso-time.ts'
import { formatLsn, type Lsn } from '../../base/lsn.ts'
import { describeError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import type { Backup } from '../../catalog/backup.ts'
import { isBeforeNewest, type NewestBackup, newestStart } from '../../catalog/slots-before.ts'
import type { Session } from '../../server/connection.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { readReplicationSlots, type ReplicationSlot } from '../../server/postgres/replication-slots.ts'

/** A logical replication slot that nobody uses and that makes the server keep WAL. */
export type IdleSlot = {
  readonly name: string
  readonly database: string | undefined
  readonly restartLsn: Lsn
  readonly keptBytes: number
  /** Undefined before PostgreSQL 17, which does not tell. */
  readonly inactiveSince: IsoTime | undefined
  /** It holds WAL from before the newest backup starts. */
  readonly isBeforeNewest: boolean
}

/** For each of two questions that a server answers from memory. */
const TIMEOUT_MS = 5000

/** Which slots are idle and hold WAL: the segment that is being written is kept anyway. Pure. */
export function idleLogicalSlots(
  slots: readonly ReplicationSlot[],
  walSegmentBytes: number,
  newest: NewestBackup | undefined,
): readonly IdleSlot[] {
  return slots.flatMap(
    ({ name, kind, database, isActive, restartLsn, behindBytes = 0, inactiveSince }): readonly IdleSlot[] => {
      if (kind !== 'logical' || isActive || restartLsn === undefined || behindBytes < walSegmentBytes)
        return []
      return [
        {
          name,
          database,
          restartLsn,
          keptBytes: behindBytes,
          inactiveSince,
          isBeforeNewest: isBeforeNewest(restartLsn, newest),
        },
      ]
    },
  )
}

/**
 * Asks the server for them; `backups` are newest first. They stop no backup, and neither does a server that cannot be asked:
 * that is a warning in the log, and the answer is none.
 */
export async function readIdleSlots(
  session: Session,
  { walSegmentBytes }: Pick<ServerFacts, 'walSegmentBytes'>,
  backups: readonly Backup[],
  run: Pick<Run, 'log' | 'signal'>,
): Promise<readonly IdleSlot[]> {
  try {
    const { slots } = await readReplicationSlots(session, TIMEOUT_MS)
    return idleLogicalSlots(slots, walSegmentBytes, newestStart(backups))
  } catch (thrown) {
    run.signal.throwIfAborted()
    run.log.warning(`the replication slots of the server cannot be asked for: ${describeError(thrown)}`)
    return []
  }
}

/** Names them in the log of a backup that is about to begin. */
export async function warnOfIdleSlots(
  session: Session,
  facts: Pick<ServerFacts, 'walSegmentBytes'>,
  backups: readonly Backup[],
  run: Pick<Run, 'log' | 'signal'>,
): Promise<void> {
  for (const slot of await readIdleSlots(session, facts, backups, run))
    run.log.warning(describeIdleSlot(slot))
}

/** What the log of a backup says of one. Pure. */
export function describeIdleSlot({
  name,
  database,
  restartLsn,
  keptBytes,
  inactiveSince,
  isBeforeNewest: isOld,
}: IdleSlot): string {
  const since = inactiveSince === undefined ? '' : ` since ${inactiveSince}`
  const old = isOld ? ', which is before the newest backup starts' : ''
  return (
    `nobody uses the logical replication slot "${name}" of database "${database ?? ''}"${since}: it makes the server keep ` +
    `${keptBytes} bytes of WAL, from ${formatLsn(restartLsn)} on${old}. Drop it if nobody will use it again`
  )
}
