import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import type { ChangedPages } from '../../format/page-map.ts'
import { SEGMENT_BLOCKS } from '../../format/page-header.ts'
import type { Session } from '../../server/connection.ts'
import {
  findSummaryCoverage,
  readSummaries,
  type SummarizedSegment,
  waitForSummaries,
  type WalPath,
} from '../../server/postgres/wal-summaries.ts'
import { ChangedFiles, type ListedFile } from './changed-files.ts'

/**
 * The pages that have changed along a path, from the WAL summaries of the server (PostgreSQL 17 and later).
 *
 * @throws {EngineError} `plan.refused` when summaries were removed meanwhile; `wal.timeout`
 */
export async function readSummarizedPages(
  session: Session,
  along: { readonly major: number; readonly path: WalPath },
  listed: { readonly sources: readonly ListedFile[]; readonly versionDirectory: string },
  timeoutMs: number,
  run: Run,
): Promise<ChangedPages> {
  const last = along.path.at(-1)
  if (last === undefined) throw new TypeError('a path of WAL has a beginning')
  await waitForSummaries(session, { timeline: last.timeline, lsn: last.stop }, timeoutMs, run.signal)
  const coverage = await findSummaryCoverage(session, along.major, along.path, { mayLag: false })
  if (coverage.kind !== 'covered') {
    throw new EngineError('plan.refused', coverage.reason.text, {
      hint: 'Take a DELTA backup; wal_summary_keep_time on the server says how long summaries are kept.',
    })
  }
  const segments = await readSummaries(session, along.path, run.signal)
  return pagesOfSummaries(segments, listed.sources, listed.versionDirectory)
}

/**
 * Summaries as maps of the files that were listed. A relation that was made anew or cut off counts as changed from there
 * to its end, and a number of 0 stands for every relation of a database that was copied file by file.
 */
export function pagesOfSummaries(
  segments: readonly SummarizedSegment[],
  sources: readonly ListedFile[],
  versionDirectory: string,
): ChangedPages {
  const changes = new ChangedFiles(versionDirectory)
  for (const segment of segments) {
    if (segment.relationNumber === 0) {
      changes.addCopiedDatabase(segment)
      continue
    }
    const first = segment.segmentNumber * SEGMENT_BLOCKS
    for (const block of segment.blocks) changes.addBlock({ ...segment, block: first + block })
    if (segment.changedFrom !== undefined) changes.addCut({ ...segment, block: segment.changedFrom })
  }
  return changes.inFiles(sources)
}
