import { delay } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Lsn, lsnFromBigint, parseLsn } from '../../base/lsn.ts'
import type { Run } from '../../base/run.ts'
import { walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import { readWalArchive } from '../../catalog/wal-archive.ts'
import { type ConnectionSettings, openSession, type Session } from '../../server/connection.ts'
import { type ArchiverFacts, readArchiver } from '../../server/postgres/archiving-facts.ts'
import { readFacts } from '../../server/postgres/facts.ts'

const LOOK_MS = 200
const ASK_ARCHIVER_MS = 1000
/** So often the archiver tries a file before it waits for a minute (NUM_ARCHIVE_RETRIES of PostgreSQL). */
const ARCHIVER_TRIES = 3
/** So long after the segment is there the archiver may take to count it: its command has to end first. */
const ARCHIVER_COUNTS_MS = 5000

/** What came of sending one segment on its way. */
export type SegmentTest = {
  readonly segment: string
  /** Milliseconds from the end of the segment to its arrival; undefined = it did not arrive in time. */
  readonly arrivedAfterMs: number | undefined
  /** `pg_stat_archiver` afterwards, where the role may see it. */
  readonly archiver: ArchiverFacts | undefined
  /** Whether the archiver failed at something since the test began. */
  readonly hasArchiverFailed: boolean
}

/**
 * Ends the segment that the server is writing and waits until it is whole in the archive of the instance. On a standby
 * no segment can be ended: the next one that its primary ends is waited for. A segment that does not come is a
 * finding, told as soon as the archiver has given up for the moment.
 *
 * @throws {EngineError} `server.denied` for a role that may not end a segment; `instance.identity-mismatch`
 */
export async function testOneSegment(
  input: {
    readonly catalog: string
    readonly instance: string
    readonly systemIdentifier: bigint | undefined
    readonly connection: ConnectionSettings
    readonly timeoutMs: number
  },
  run: Run,
): Promise<SegmentTest> {
  await using session = await openSession(input.connection, run)
  const { systemIdentifier, isInRecovery, walSegmentBytes } = await readFacts(session)
  if (input.systemIdentifier !== undefined && input.systemIdentifier !== systemIdentifier) {
    throw new EngineError('instance.identity-mismatch', 'the server is another cluster than the instance', {
      hint: 'Check host and port of the instance.',
    })
  }
  const before = await readArchiver(session)
  const number = walSegmentNumber(lastByte(await endSegment(session, isInRecovery)), walSegmentBytes)
  const timeline = await currentTimeline(session, isInRecovery)
  const startedMs = run.clock.nowMs()
  const elapsedMs = (): number => run.clock.nowMs() - startedMs
  let arrivedAfterMs: number | undefined
  // Whoever asks for the set-up next is to hear of an archiver that works.
  const readCounted = async (): Promise<ArchiverFacts | undefined> => {
    const untilMs = elapsedMs() + ARCHIVER_COUNTS_MS
    let seen = await readArchiver(session)
    const counted = before?.archivedCount ?? -1
    while (seen !== undefined && seen.archivedCount <= counted && elapsedMs() < untilMs) {
      await delay(LOOK_MS, run.signal)
      seen = await readArchiver(session)
    }
    return seen
  }
  let askedAtMs = 0
  let hasGivenUp = false
  while (arrivedAfterMs === undefined && !hasGivenUp && elapsedMs() < input.timeoutMs) {
    // Asked before the look: what arrived meanwhile is still seen.
    if (elapsedMs() - askedAtMs >= ASK_ARCHIVER_MS) {
      askedAtMs = elapsedMs()
      hasGivenUp = failuresSince(before, await readArchiver(session)) >= ARCHIVER_TRIES
    }
    const archive = await readWalArchive(input.catalog, input.instance, walSegmentBytes, run)
    const hasArrived = archive.timelines.some(
      (one) =>
        one.timeline === timeline &&
        one.files.some((file) => file.kind === 'segment' && file.number === number),
    )
    if (hasArrived) arrivedAfterMs = elapsedMs()
    else await delay(LOOK_MS, run.signal)
  }
  const archiver = arrivedAfterMs === undefined ? await readArchiver(session) : await readCounted()
  return {
    segment: walSegmentName({ timeline, number }, walSegmentBytes),
    arrivedAfterMs,
    archiver,
    hasArchiverFailed: failuresSince(before, archiver) > 0,
  }
}

function failuresSince(before: ArchiverFacts | undefined, now: ArchiverFacts | undefined): number {
  return (now?.failedCount ?? 0) - (before?.failedCount ?? 0)
}

/** Gives an LSN behind the segment that is the next to be whole. */
async function endSegment(session: Session, isInRecovery: boolean): Promise<Lsn> {
  if (isInRecovery) return await lsnOf(session, 'select pg_catalog.pg_last_wal_replay_lsn()::text as lsn')
  // A segment in which nothing stands is not ended.
  await session.query("select pg_catalog.pg_logical_emit_message(false, 'tidemark', 'archive test')")
  return await lsnOf(session, 'select pg_catalog.pg_switch_wal()::text as lsn')
}

async function lsnOf(session: Session, sql: string): Promise<Lsn> {
  return parseLsn(String((await session.query(sql)).rows[0]?.['lsn']))
}

/** The LSN is behind the last byte that was written. */
function lastByte(lsn: Lsn): Lsn {
  return lsnFromBigint(lsn - 1n)
}

/** Of the WAL that is written now: the one of the last checkpoint may still be that before a promotion. */
async function currentTimeline(session: Session, isInRecovery: boolean): Promise<number> {
  const sql = isInRecovery
    ? 'select received_tli::text as timeline from pg_catalog.pg_stat_wal_receiver'
    : `select ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8))::bit(32)::int::text as timeline`
  const [row] = (await session.query(sql)).rows
  if (row?.['timeline'] != null) return Number(row['timeline'])
  const [last] = (
    await session.query('select timeline_id::text as timeline from pg_catalog.pg_control_checkpoint()')
  ).rows
  return Number(last?.['timeline'])
}
