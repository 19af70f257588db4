import { findWalSegment, type Timeline, walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import type { PathSection } from '../../catalog/recovery-timelines.ts'
import { findArchivedTimeline, type WalArchive } from '../../catalog/wal-archive.ts'
import type { BackupControl } from '../../format/backup-control.ts'

/** Where recovery ends although the archive has more WAL on its way. */
export type WalGap = {
  /** The first segment that is missing. */
  readonly segment: string
  /** The last one behind it, which is not replayed. */
  readonly later: string
}

type Archive = Pick<WalArchive, 'timelines' | 'segmentBytes'>

/**
 * The last segment that the archive has on the way after the one of that name: of the same timeline, or of one that the
 * way comes to later. Partial ones count. Undefined when there is none: WAL just ends there. Pure.
 */
export function lastAfter(archive: Archive, path: readonly PathSection[], name: string): string | undefined {
  const { segmentBytes } = archive
  const at = findWalSegment(name, segmentBytes)
  if (at === undefined) return undefined
  const ways = path.map(({ timeline }) => timeline).filter((timeline) => timeline > at.timeline)
  for (const timeline of [...ways.toReversed(), at.timeline]) {
    const last = findArchivedTimeline(archive, timeline)?.files.findLast(isWal)?.number
    if (last !== undefined && last > at.number)
      return walSegmentName({ timeline, number: last }, segmentBytes)
  }
  return undefined
}

/**
 * The first gap in the archive on the way of recovery from a backup, by the names of the segments alone; undefined when
 * there is none before the end of it. What a STREAM backup carries itself does not need to be there. Pure.
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `XLogFileReadAnyTLI`.
 */
export function findWalGap(
  archive: Archive,
  path: readonly PathSection[],
  { startLsn, stopLsn, isStream }: Pick<BackupControl, 'startLsn' | 'stopLsn' | 'isStream'>,
): WalGap | undefined {
  const { segmentBytes } = archive
  const there = new Map(
    path.map(({ timeline }) => [
      timeline,
      new Set(
        findArchivedTimeline(archive, timeline)
          ?.files.filter(isWal)
          .map(({ number }) => number),
      ),
    ]),
  )
  let reached: Timeline = 0
  for (let number = walSegmentNumber(isStream ? stopLsn : startLsn, segmentBytes); ; number++) {
    const asked = path
      .filter(({ timeline, begin }) => timeline >= reached && walSegmentNumber(begin, segmentBytes) <= number)
      .map(({ timeline }) => timeline)
      .toReversed()
    const found = asked.find((timeline) => there.get(timeline)?.has(number) === true)
    if (found !== undefined) {
      reached = found
      continue
    }
    const [timeline] = asked
    if (timeline === undefined) return undefined
    const segment = walSegmentName({ timeline, number }, segmentBytes)
    const later = lastAfter(archive, path, segment)
    return later === undefined ? undefined : { segment, later }
  }
}

function isWal({ kind }: { readonly kind: string }): boolean {
  return kind === 'segment' || kind === 'partial'
}
