import { delay } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, LSN_NONE, type Lsn, parseLsn } from '../../base/lsn.ts'
import type { Timeline } from '../../base/wal-segment.ts'
import type { Session } from '../connection.ts'

/** Since this version a server can summarize its WAL. Source: PostgreSQL manual, "WAL Summarization Information". */
const FIRST_MAJOR = 17
const POLL_MS = 100

/** Whether the summaries of a server reach from one LSN to another. */
export type SummaryCoverage =
  | { readonly kind: 'covered' }
  /** Not this version, or `summarize_wal` is off. */
  | { readonly kind: 'off'; readonly reason: string }
  /** There are summaries, but not of everything since `from`: they were removed, or begin later. */
  | { readonly kind: 'gap'; readonly reason: string }

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
 * Looks whether the summaries reach from `from` without a gap: to `to`, or as far as there are any, since they may lag
 * behind the newest WAL.
 */
export async function findSummaryCoverage(
  session: Session,
  major: number,
  range: { readonly timeline: Timeline; readonly from: Lsn; readonly to?: Lsn },
): Promise<SummaryCoverage> {
  if (major < FIRST_MAJOR) return { kind: 'off', reason: `PostgreSQL ${major} does not summarize its WAL` }
  const { rows: settings } = await session.query(
    "select pg_catalog.current_setting('summarize_wal') as is_on",
  )
  if (settings[0]?.['is_on'] !== 'on') return { kind: 'off', reason: 'summarize_wal is off on the server' }
  const { rows } = await session.query(
    `select start_lsn::text, end_lsn::text from pg_catalog.pg_available_wal_summaries()
      where tli = $1 and end_lsn > $2::pg_lsn`,
    [range.timeline, formatLsn(range.from)],
  )
  const summaries = rows
    .map((row) => ({
      start: parseLsn(String(row['start_lsn'])),
      end: parseLsn(String(row['end_lsn'])),
    }))
    .sort((a, b) => Number(a.start - b.start))
  const until = range.to ?? summaries.at(-1)?.end ?? range.from
  const reached = reachOf(summaries, range.from)
  // Without any later summary the next one begins where the summarizer stands; that must not be too late.
  const isCovered =
    summaries.length > 0 ? reached >= until : range.to === undefined && (await willCover(session, range.from))
  return isCovered
    ? { kind: 'covered' }
    : {
        kind: 'gap',
        reason: `the WAL summaries of the server do not cover everything since ${formatLsn(range.from)}`,
      }
}

/** How far summaries, ordered by their start, reach from an LSN without a gap. */
export function reachOf(summaries: readonly { readonly start: Lsn; readonly end: Lsn }[], from: Lsn): Lsn {
  let reached = from
  for (const { start, end } of summaries) {
    if (start > reached) break
    if (end > reached) reached = end
  }
  return reached
}

/** Whether the summarizer is at work and has not passed that LSN yet. */
async function willCover(session: Session, from: Lsn): Promise<boolean> {
  const lsn = await stateOf(session)
  return lsn !== LSN_NONE && lsn <= from
}

async function stateOf(session: Session): Promise<Lsn> {
  const { rows } = await session.query(
    'select summarized_lsn::text as lsn from pg_catalog.pg_get_wal_summarizer_state()',
  )
  return parseLsn(String(rows[0]?.['lsn']))
}

/**
 * Waits until the WAL up to `lsn` has been summarized, which takes moments after a checkpoint.
 *
 * @throws {EngineError} `wal.timeout`
 */
export async function waitForSummaries(
  session: Session,
  lsn: Lsn,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    if ((await stateOf(session)) >= lsn) return
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

/** What the summaries between two LSNs say of main forks: one row for each segment file that has changed. */
export async function readSummaries(
  session: Session,
  range: { readonly timeline: Timeline; readonly from: Lsn; readonly to: Lsn },
  signal: AbortSignal,
): Promise<readonly SummarizedSegment[]> {
  // Blocks come as one text for each segment file: a row for each of them would take the memory of a hundred.
  const { rows } = await session.query(
    `select reltablespace::text, reldatabase::text, relfilenode::text, relblocknumber / 131072 as segment,
            pg_catalog.string_agg((relblocknumber % 131072)::text, ',') filter (where not is_limit_block) as blocks,
            pg_catalog.min(relblocknumber) filter (where is_limit_block) as changed_from
       from pg_catalog.pg_available_wal_summaries() s,
            lateral pg_catalog.pg_wal_summary_contents(s.tli, s.start_lsn, s.end_lsn)
      where s.tli = $1 and s.end_lsn > $2::pg_lsn and s.start_lsn < $3::pg_lsn and relforknumber = 0
      group by 1, 2, 3, 4`,
    [range.timeline, formatLsn(range.from), formatLsn(range.to)],
    { signal, timeoutMs: 600_000 },
  )
  return rows.map((row) => ({
    tablespaceOid: Number(row['reltablespace']),
    databaseOid: Number(row['reldatabase']),
    relationNumber: Number(row['relfilenode']),
    segmentNumber: Number(row['segment']),
    blocks: row['blocks'] == null ? [] : String(row['blocks']).split(',').map(Number),
    changedFrom: row['changed_from'] == null ? undefined : Number(row['changed_from']),
  }))
}
