import type { Lsn } from '../../../engine/base/lsn.ts'
import { findWalSegment, walSegmentStart } from '../../../engine/base/wal-segment.ts'
import type { WalArchiveRecord } from '../../../engine/api/contract/wal.ts'

/**
 * Bytes of WAL that the server has written after the last segment of the archive, with its place `nowLsn`; 0 when there
 * is nothing that the archive lacks. Undefined for an archive without segments.
 */
export function bytesBeyondArchive(
  { timelines, segmentBytes }: Pick<WalArchiveRecord, 'timelines' | 'segmentBytes'>,
  nowLsn: Lsn,
): number | undefined {
  const ends = timelines.flatMap(({ segments }) => {
    const last = segments === undefined ? undefined : findWalSegment(segments.end, segmentBytes)
    return last === undefined ? [] : [walSegmentStart(last.number + 1n, segmentBytes)]
  })
  const [first, ...others] = ends
  if (first === undefined) return undefined
  const end = others.reduce((most, one) => (one > most ? one : most), first)
  return nowLsn > end ? Number(nowLsn - end) : 0
}
