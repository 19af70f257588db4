import { EngineError } from '../base/engine-error.ts'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { parseTimelineHistory, timelineHistoryFileName } from '../format/timeline-history.ts'
import type { Session } from './connection.ts'
import { findVersion } from './postgres/versions.ts'

/** What a server says of its recovery. */
export type RecoveryState = {
  /** `replaying`: still on its way; `paused`: stands still and can be read; `open`: recovery is over. */
  readonly state: 'replaying' | 'paused' | 'open'
  /** Where the last record that was replayed ends; undefined when nothing was replayed since the start. */
  readonly replayedLsn: Lsn | undefined
  /** Of the last commit or abort that was replayed, in Unix microseconds. */
  readonly lastXactMicros: bigint | undefined
}

/** The server refuses the question at this time: it is not in recovery. */
const NOT_IN_RECOVERY = '55000'

/** Asks once. `major` is the version of the server. */
export async function readRecoveryState(session: Session, major: number): Promise<RecoveryState> {
  const isPaused = await isReplayPaused(session, major)
  const { rows } = await session.query(
    `select pg_catalog.pg_is_in_recovery() as recovering,
            pg_catalog.pg_last_wal_replay_lsn()::text as lsn,
            (extract(epoch from pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::bigint::text as micros`,
  )
  const [row = {}] = rows
  return {
    state: row['recovering'] !== true ? 'open' : isPaused ? 'paused' : 'replaying',
    replayedLsn: typeof row['lsn'] === 'string' ? parseLsn(row['lsn']) : undefined,
    lastXactMicros: typeof row['micros'] === 'string' ? BigInt(row['micros']) : undefined,
  }
}

async function isReplayPaused(session: Session, major: number): Promise<boolean> {
  const sql = findVersion(major)?.isReplayPaused ?? 'false'
  try {
    const { rows } = await session.query(`select ${sql} as paused`)
    return rows[0]?.['paused'] === true
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.facts['sqlState'] === NOT_IN_RECOVERY) return false
    throw thrown
  }
}

/**
 * The timeline of the last record that was replayed, of a server whose replay stands still or is over. Undefined when the
 * role may not ask. A checkpoint makes a server in recovery write down how far it is. Source: PostgreSQL
 * `src/backend/access/transam/xlog.c`, `CreateRestartPoint`.
 */
export async function readReplayedTimeline(
  session: Session,
  state: 'paused' | 'open',
  newTimeline: Timeline | undefined,
): Promise<Timeline | undefined> {
  try {
    if (state === 'open') return await leftTimeline(session, newTimeline)
    // The first one may be a restart point, after which a page was written; one that is passed over is exact.
    await session.query('checkpoint')
    await session.query('checkpoint')
    const { rows } = await session.query(
      'select min_recovery_end_timeline as timeline from pg_catalog.pg_control_recovery()',
    )
    return rows[0]?.['timeline'] === 0 ? undefined : Number(rows[0]?.['timeline'])
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.code === 'server.denied') return undefined
    throw thrown
  }
}

/**
 * What recovery has begun branches off from the target timeline, wherever on its way it stopped; without a new timeline
 * it went on where it was.
 */
async function leftTimeline(
  session: Session,
  newTimeline: Timeline | undefined,
): Promise<Timeline | undefined> {
  if (newTimeline === undefined) {
    const { rows } = await session.query('select timeline_id from pg_catalog.pg_control_checkpoint()')
    return Number(rows[0]?.['timeline_id'])
  }
  const { rows } = await session.query('select pg_catalog.pg_read_file($1) as history', [
    `pg_wal/${timelineHistoryFileName(newTimeline)}`,
  ])
  const history = parseTimelineHistory(String(rows[0]?.['history']))
  const end = history.at(-1)?.switchLsn
  return end && history.find(({ switchLsn }) => switchLsn >= end)?.timeline
}
