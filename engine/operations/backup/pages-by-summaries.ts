import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn } from '../../base/lsn.ts'
import type { Run } from '../../base/run.ts'
import type { Timeline } from '../../base/wal-segment.ts'
import { relationSegmentPath } from '../../format/file-names.ts'
import { type ChangedPages, PageMap } from '../../format/page-map.ts'
import { PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import type { Session } from '../../server/connection.ts'
import {
  findSummaryCoverage,
  readSummaries,
  type SummarizedSegment,
  waitForSummaries,
} from '../../server/postgres/wal-summaries.ts'
import type { SourceEntry } from './list-files.ts'

/**
 * The pages that have changed between two LSNs, from the WAL summaries of the server (PostgreSQL 17 and later).
 *
 * @throws {EngineError} `plan.refused` when summaries were removed meanwhile; `wal.timeout`
 */
export async function readSummarizedPages(
  session: Session,
  range: { readonly major: number; readonly timeline: Timeline; readonly from: Lsn; readonly to: Lsn },
  listed: { readonly sources: readonly SourceEntry[]; readonly versionDirectory: string },
  timeoutMs: number,
  run: Run,
): Promise<ChangedPages> {
  await waitForSummaries(session, range.to, timeoutMs, run.signal)
  const coverage = await findSummaryCoverage(session, range.major, range)
  if (coverage.kind !== 'covered') {
    throw new EngineError('plan.refused', coverage.reason, {
      hint: 'Take a DELTA backup; wal_summary_keep_time on the server says how long summaries are kept.',
    })
  }
  const segments = await readSummaries(session, range, run.signal)
  const pages = pagesOfSummaries(segments, listed.sources, listed.versionDirectory)
  const count = [...pages.values()].reduce((sum, map) => sum + map.count, 0)
  run.log.info(
    `the WAL summaries from ${formatLsn(range.from)} to ${formatLsn(range.to)} name ${count} pages in ${pages.size} files`,
  )
  return pages
}

/**
 * Summaries as maps of the files that were listed. A relation that was made anew or cut off counts as changed from there
 * to its end, and a number of 0 stands for every relation of a database that was copied file by file.
 */
export function pagesOfSummaries(
  segments: readonly SummarizedSegment[],
  sources: readonly Pick<SourceEntry, 'path' | 'sizeBytes' | 'segmentNumber' | 'isDataFile'>[],
  versionDirectory: string,
): ChangedPages {
  const pages = new Map<string, PageMap>()
  const mapOf = (path: string): PageMap => {
    const known = pages.get(path)
    if (known !== undefined) return known
    const made = new PageMap()
    pages.set(path, made)
    return made
  }
  /** By the path of the first segment file, or by the directory where a whole database is meant. */
  const cutRelations = new Map<string, number>()
  const copiedDatabases = new Set<string>()
  for (const segment of segments) {
    const first = relationSegmentPath({ ...segment, block: 0 }, versionDirectory)
    if (segment.relationNumber === 0) {
      copiedDatabases.add(directoryOf(first))
      continue
    }
    if (segment.blocks.length > 0) {
      const path = relationSegmentPath(
        { ...segment, block: segment.segmentNumber * SEGMENT_BLOCKS },
        versionDirectory,
      )
      const map = mapOf(path)
      for (const block of segment.blocks) map.add(block)
    }
    if (segment.changedFrom !== undefined) {
      cutRelations.set(first, Math.min(segment.changedFrom, cutRelations.get(first) ?? Infinity))
    }
  }
  if (cutRelations.size === 0 && copiedDatabases.size === 0) return pages
  for (const { path, sizeBytes, segmentNumber, isDataFile } of sources) {
    if (!isDataFile) continue
    const first = segmentNumber === 0 ? path : path.slice(0, path.lastIndexOf('.'))
    const from = copiedDatabases.has(directoryOf(path)) ? 0 : cutRelations.get(first)
    if (from === undefined) continue
    const blockCount = Math.floor(sizeBytes / PAGE_BYTES)
    const start = Math.max(0, from - segmentNumber * SEGMENT_BLOCKS)
    if (start >= blockCount) continue
    const map = mapOf(path)
    for (let block = start; block < blockCount; block++) map.add(block)
  }
  return pages
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
