import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { type Lsn, LSN_NONE } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber } from '../base/wal-segment.ts'
import type { ListedFile, WalArchive } from '../catalog/wal-archive.ts'
import { arrangeWalArchive } from '../catalog/wal-archive.ts'
import { isMissing, mapFileError } from '../host/file-error.ts'
import type { SegmentFile, SegmentKey } from './segment-row.ts'

/** A segment that is there to be read, and the file to take. */
export type ListedSegment = SegmentKey &
  SegmentFile & {
    readonly path: string
    readonly isCompressed: boolean
    /** Whether WAL may end in it before the segment does, with nothing wrong. */
    readonly mayEndEarly: boolean
    /** The segment that its first record may have begun in; undefined when that is not there. */
    readonly before: SegmentKey | undefined
    /** What it holds of records before this LSN is also in a segment of the parent, and indexed there; 0 = nothing is. */
    readonly skipBefore: Lsn
    /** Where its timeline begins, when that is inside of it; 0 = elsewhere. */
    readonly switchLsn: Lsn
    readonly parentTimeline: Timeline
  }

/** The WAL that a backup received while it was taken, as `place` in the index. */
export type StreamedWal = { readonly place: string; readonly directory: string }

/** Lists what there is to index: the archive, then the WAL inside of backups, each in the order in which it was written. */
export function listSegments(archive: WalArchive, streams: readonly StreamedWal[]): readonly ListedSegment[] {
  const { segmentBytes } = archive
  const histories = new Map(
    archive.timelines.flatMap(({ timeline, history }) =>
      history === undefined ? [] : [[timeline, history] as const],
    ),
  )
  return [
    ...segmentsOf('', archive, false),
    ...streams.flatMap(({ place, directory }) =>
      segmentsOf(
        place,
        arrangeWalArchive(directory, segmentBytes, listDirectory(directory), histories),
        true,
      ),
    ),
  ]
}

/** Lower is taken first: a whole segment goes before what was there when its timeline ended. */
function rankOf({ kind, isCompressed }: { readonly kind: string; readonly isCompressed: boolean }): number {
  return (kind === 'segment' ? 0 : 2) + (isCompressed ? 1 : 0)
}

function segmentsOf(place: string, archive: WalArchive, isStream: boolean): readonly ListedSegment[] {
  const { segmentBytes, directory } = archive
  const byTimeline = new Map(
    archive.timelines.map(({ timeline, files }) => {
      const best = new Map<bigint, (typeof files)[number]>()
      for (const file of files) {
        if (file.kind !== 'segment' && file.kind !== 'partial') continue
        const known = best.get(file.number)
        if (known === undefined || rankOf(file) < rankOf(known)) best.set(file.number, file)
      }
      return [timeline, best] as const
    }),
  )
  return archive.timelines.flatMap(({ timeline, parent }): readonly ListedSegment[] => {
    const own = byTimeline.get(timeline)
    if (own === undefined) return []
    const numbers = [...own.keys()].toSorted((a, b) => (a < b ? -1 : 1))
    const first = parent === undefined ? undefined : walSegmentNumber(parent.switchLsn, segmentBytes)
    return numbers.flatMap((number): readonly ListedSegment[] => {
      const file = own.get(number)
      if (file === undefined) return []
      const isFirst = parent !== undefined && number === first
      const owner = ownerOf(number - 1n, timeline)
      return [
        {
          place,
          timeline,
          number,
          file: file.name,
          path: path.join(directory, file.name),
          isCompressed: file.isCompressed,
          sizeBytes: file.sizeBytes,
          modifiedMs: file.modifiedMs,
          mayEndEarly: file.kind === 'partial' || (isStream && number === numbers.at(-1)),
          before: owner === undefined ? undefined : { place, timeline: owner, number: number - 1n },
          skipBefore:
            isFirst && (byTimeline.get(parent.timeline)?.has(number) ?? false) ? parent.switchLsn : LSN_NONE,
          switchLsn: isFirst ? parent.switchLsn : LSN_NONE,
          parentTimeline: isFirst ? parent.timeline : 0,
        },
      ]
    })
  })

  /** The timeline whose file holds that segment on the way to `timeline`: the newest that has one. */
  function ownerOf(number: bigint, timeline: Timeline): Timeline | undefined {
    if (byTimeline.get(timeline)?.has(number) === true) return timeline
    const history = archive.timelines.find((one) => one.timeline === timeline)?.history ?? []
    return history.toReversed().find(
      (entry) =>
        // What an ancestor wrote after it was left is another history.
        number <= walSegmentNumber(entry.switchLsn, segmentBytes) &&
        byTimeline.get(entry.timeline)?.has(number) === true,
    )?.timeline
  }
}

/** A backup that vanishes meanwhile has no WAL. */
function listDirectory(directory: string): readonly ListedFile[] {
  try {
    return readdirSync(directory).flatMap((name) => {
      const found = statSync(path.join(directory, name), { throwIfNoEntry: false })
      if (found?.isFile() !== true) return []
      return [{ name, sizeBytes: found.size, modifiedMs: Math.floor(found.mtimeMs) }]
    })
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'list')
  }
}
