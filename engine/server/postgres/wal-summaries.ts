import { delay } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, LSN_NONE, type Lsn, parseLsn } from '../../base/lsn.ts'
import { type ModeReason, modeReason } from '../../base/mode-reasons.ts'
import type { Timeline } from '../../base/wal-segment.ts'
import type { Session } from '../connection.ts'

/** Since this version a server can summarize its WAL. Source: PostgreSQL manual, "WAL Summarization Information". */
const FIRST_MAJOR = 17
const POLL_MS = 100

/** A piece of the way that WAL took, on one timeline: from `start` to before `stop`. */
type Stretch = { readonly timeline: Timeline; readonly start: Lsn; readonly stop: Lsn }

/** The way from one LSN to another, over every timeline that was passed, oldest first and never empty. */
export type WalPath = readonly Stretch[]

/** Whether the summaries of a server reach from the start of a path to its end. */
export type SummaryCoverage =
  | { readonly kind: 'covered' }
  /** Not this version, or `summarize_wal` is off. */
  | { readonly kind: 'off'; readonly reason: ModeReason }
  /** There are summaries, but not of everything on the path: they were removed, or begin later. */
  | { readonly kind: 'gap'; readonly reason: ModeReason }

/** What the summaries say of one relation in one segment file of a gigabyte. */
export type SummarizedSegment = {
  readonly tablespaceOid: number
  readonly databaseOid: number
  /** 0 stands for every relation of the database. */
  readonly relationNumber: number
  readonly segmentNumber: number
  /** Within the segment file. */
  readonly blocks: readonly number[]
  /** Every block from here on counts as changed, counted within the relation; undefined when only `blocks` do. */
  readonly changedFrom: number | undefined
}

/**
 * Looks whether the summaries join up along the path. Summaries are of one timeline each, and the last one on a timeline
 * that was left ends where the next begins. With `mayLag` it is enough that the summarizer has left nothing out so far: it
 * works behind the newest WAL.
 */
export async function findSummaryCoverage(
  session: Session,
  major: number,
  path: WalPath,
  { mayLag }: { readonly mayLag: boolean },
): Promise<SummaryCoverage> {
  if (major < FIRST_MAJOR) {
    const text = `PostgreSQL ${major} does not summarize its WAL`
    return { kind: 'off', reason: modeReason('summaries-unsupported', { major }, text) }
  }
  const { rows: settings } = await session.query(
    "select pg_catalog.current_setting('summarize_wal') as is_on",
  )
  if (settings[0]?.['is_on'] !== 'on')
    return { kind: 'off', reason: modeReason('summaries-off', {}, 'summarize_wal is off on the server') }
  // Asked first: the summaries that are listed afterwards reach at least as far.
  const summarizer = await findSummarizer(session)
  const summaries = await listSummaries(session, path)
  const reached = walk(path, summaries)
  const isCovered =
    reached.isEnd ||
    (mayLag &&
      !isPassed(reached, path, summaries) &&
      (summarizer === undefined ? !reached.isStart : !isBeyond(summarizer, reached)))
  if (isCovered) return { kind: 'covered' }
  const values = { lsn: formatLsn(reached.lsn), timeline: reached.timeline }
  const text = `the WAL summaries of the server do not cover what follows ${values.lsn} on timeline ${values.timeline}`
  return { kind: 'gap', reason: modeReason('summaries-gap', values, text) }
}

type Place = { readonly timeline: Timeline; readonly lsn: Lsn }
type Summary = Place & { readonly start: Lsn }

async function listSummaries(session: Session, path: WalPath): Promise<readonly Summary[]> {
  const { rows } = await session.query(
    `select tli::text, start_lsn::text, end_lsn::text from pg_catalog.pg_available_wal_summaries()
      where tli = any($1) and end_lsn > $2::pg_lsn`,
    [path.map(({ timeline }) => timeline), formatLsn(path[0]?.start ?? LSN_NONE)],
  )
  return rows
    .map((row) => ({
      timeline: Number(row['tli']),
      start: parseLsn(String(row['start_lsn'])),
      lsn: parseLsn(String(row['end_lsn'])),
    }))
    .sort((a, b) => Number(a.start - b.start))
}

/** How far one gets along the path without a gap. */
function walk(
  path: WalPath,
  summaries: readonly Summary[],
): Place & { readonly isStart: boolean; readonly isEnd: boolean } {
  let last = { timeline: 0, lsn: LSN_NONE }
  for (const [index, { timeline, start, stop }] of path.entries()) {
    let lsn = start
    for (const summary of summaries) {
      if (summary.timeline === timeline && summary.start <= lsn && summary.lsn > lsn) lsn = summary.lsn
    }
    last = { timeline, lsn }
    if (lsn < stop) return { ...last, isStart: index === 0 && lsn === start, isEnd: false }
  }
  return { ...last, isStart: false, isEnd: true }
}

/** Whether there are summaries of what comes later on the path: the summarizer will not come back. */
function isPassed(reached: Place, path: WalPath, summaries: readonly Summary[]): boolean {
  return path.some(
    ({ timeline, start, stop }) =>
      timeline >= reached.timeline &&
      summaries.some(
        (summary) =>
          summary.timeline === timeline &&
          summary.start < stop &&
          (timeline > reached.timeline ? summary.lsn > start : summary.start > reached.lsn),
      ),
  )
}

/** On a path timelines ascend. */
function isBeyond(place: Place, reached: Place): boolean {
  return place.timeline > reached.timeline || (place.timeline === reached.timeline && place.lsn > reached.lsn)
}

/** Where the next summary will begin; undefined until the summarizer knows. */
async function findSummarizer(session: Session): Promise<Place | undefined> {
  const { rows } = await session.query(
    'select summarized_tli::text as tli, summarized_lsn::text as lsn from pg_catalog.pg_get_wal_summarizer_state()',
  )
  const lsn = parseLsn(String(rows[0]?.['lsn']))
  return lsn === LSN_NONE ? undefined : { timeline: Number(rows[0]?.['tli']), lsn }
}

/**
 * Waits until the WAL of a timeline up to `lsn` has been summarized, which takes moments after a checkpoint.
 *
 * @throws {EngineError} `wal.timeout`
 */
export async function waitForSummaries(
  session: Session,
  { timeline, lsn }: Place,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const summarizer = await findSummarizer(session)
    if (summarizer !== undefined && summarizer.timeline >= timeline && summarizer.lsn >= lsn) return
    if (waitedMs > timeoutMs) {
      throw new EngineError(
        'wal.timeout',
        `the server did not summarize its WAL up to ${formatLsn(lsn)} in time`,
        {
          hint: 'Look for messages of the WAL summarizer in the log of the server, or take a DELTA backup.',
        },
      )
    }
    await delay(POLL_MS, signal)
  }
}

/** What the summaries along a path say of main forks: one row for each segment file that has changed on a timeline. */
export async function readSummaries(
  session: Session,
  path: WalPath,
  signal: AbortSignal,
): Promise<readonly SummarizedSegment[]> {
  const segments: SummarizedSegment[] = []
  for (const { timeline, start, stop } of path) {
    // Blocks come as one text for each segment file: a row for each of them would take the memory of a hundred.
    const { rows } = await session.query(
      `select reltablespace::text, reldatabase::text, relfilenode::text, relblocknumber / 131072 as segment,
              pg_catalog.string_agg((relblocknumber % 131072)::text, ',') filter (where not is_limit_block) as blocks,
              pg_catalog.min(relblocknumber) filter (where is_limit_block) as changed_from
         from ${CONTENTS}
        group by 1, 2, 3, 4`,
      [timeline, formatLsn(start), formatLsn(stop)],
      { signal, timeoutMs: 600_000 },
    )
    for (const row of rows) {
      segments.push({
        tablespaceOid: Number(row['reltablespace']),
        databaseOid: Number(row['reldatabase']),
        relationNumber: Number(row['relfilenode']),
        segmentNumber: Number(row['segment']),
        blocks: row['blocks'] == null ? [] : String(row['blocks']).split(',').map(Number),
        changedFrom: row['changed_from'] == null ? undefined : Number(row['changed_from']),
      })
    }
  }
  return segments
}

/**
 * How many blocks of main forks the summaries along a path name. A block that changed on two timelines counts twice, and
 * what was made anew or cut off does not count: an estimate.
 */
export async function countSummarizedBlocks(
  session: Session,
  path: WalPath,
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<number> {
  let count = 0
  for (const { timeline, start, stop } of path) {
    const { rows } = await session.query(
      `select count(distinct (reltablespace, reldatabase, relfilenode, relblocknumber)) as blocks
         from ${CONTENTS} and not is_limit_block`,
      [timeline, formatLsn(start), formatLsn(stop)],
      call,
    )
    count += Number(rows[0]?.['blocks'])
  }
  return count
}

const CONTENTS = `pg_catalog.pg_available_wal_summaries() s,
              lateral pg_catalog.pg_wal_summary_contents(s.tli, s.start_lsn, s.end_lsn)
        where s.tli = $1 and s.end_lsn > $2::pg_lsn and s.start_lsn < $3::pg_lsn and relforknumber = 0`
