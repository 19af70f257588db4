import { parseLsn } from '../base/lsn.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import { arrangeWalArchive, type ListedFile, type WalArchive } from '../catalog/wal-archive.ts'
import type { TimelineHistory } from '../format/timeline-history.ts'

/** Small segments: 1 MiB. Segment 5 of timeline 1 begins at 0/500000. */
export const MADE_SEGMENT_BYTES = 1 << 20

/** What an archive in memory has of one timeline: segment numbers, and where it left its ancestors. */
export type MadeTimeline = {
  readonly segments: readonly number[]
  /** Ancestors, oldest first, with their switch points. */
  readonly history?: readonly (readonly [timeline: number, switchLsn: string])[]
  /** Sizes of files that are not whole segments. */
  readonly sizes?: Readonly<Record<number, number>>
}

/** An archive in memory. `modifiedMs` tells when a segment was archived; all at the epoch, when left out. */
export function madeWalArchive(
  timelines: Readonly<Record<number, MadeTimeline>>,
  modifiedMs: (timeline: number, segment: number) => number = () => 0,
): WalArchive {
  const listed: ListedFile[] = []
  const histories = new Map<number, TimelineHistory>()
  for (const [text, { segments, history, sizes }] of Object.entries(timelines)) {
    const timeline = Number(text)
    for (const number of segments) {
      listed.push({
        name: walSegmentName({ timeline, number: BigInt(number) }, MADE_SEGMENT_BYTES),
        sizeBytes: sizes?.[number] ?? MADE_SEGMENT_BYTES,
        modifiedMs: modifiedMs(timeline, number),
      })
    }
    if (history === undefined) continue
    const digits = timeline.toString(16).toUpperCase().padStart(8, '0')
    listed.push({ name: `${digits}.history`, sizeBytes: 40, modifiedMs: 0 })
    histories.set(
      timeline,
      history.map(([ancestor, lsn]) => ({ timeline: ancestor, switchLsn: parseLsn(lsn), reason: '' })),
    )
  }
  return arrangeWalArchive('/backup/wal/main', MADE_SEGMENT_BYTES, listed, histories)
}

/** Whole numbers from the first to the last one. */
export function fromTo(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}
