import { type WalSegment, walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import { lsnFromBigint } from '../../base/lsn.ts'
import { archiveFileClass } from '../../format/file-names.ts'
import type { WalInterval } from './pages-by-wal.ts'

/** What an archive holds of the WAL on the way from one backup to now. */
export type ArchivedWal = {
  /** The first segment that is missing although a later one is there, or although it is the very first. */
  readonly missing: string | undefined
  /** Segments at the end that are complete on the server and not in the archive yet. */
  readonly pendingCount: number
  /** How much a PAGE backup would read, the segment that is being written included. */
  readonly walBytes: number
}

/**
 * Holds the names of an archive against the segments that a PAGE backup reads. The last interval stops at where the server
 * is now: that segment is still being written.
 */
export function assessArchive(
  intervals: readonly WalInterval[],
  segmentBytes: number,
  names: readonly string[],
): ArchivedWal {
  const archived = new Set(names.flatMap((name) => segmentOf(name) ?? []))
  const current = nameOfCurrent(intervals, segmentBytes)
  const needed = segmentsOf(intervals, segmentBytes)
  const absent = needed.map(({ alternatives }) =>
    alternatives.every((name) => name !== current && !archived.has(name)),
  )
  const lastPresent = absent.lastIndexOf(false)
  const firstAbsent = absent.indexOf(true)
  const isGap = firstAbsent !== -1 && (firstAbsent < lastPresent || firstAbsent === 0)
  return {
    missing: isGap ? needed[firstAbsent]?.alternatives[0] : undefined,
    pendingCount: absent.length - 1 - lastPresent,
    walBytes: (needed.length + 1) * segmentBytes,
  }
}

function segmentOf(name: string): string | undefined {
  const found = archiveFileClass(name)
  return found.kind === 'segment' || found.kind === 'partial' ? found.segmentName : undefined
}

function nameOfCurrent(intervals: readonly WalInterval[], segmentBytes: number): string | undefined {
  const last = intervals.at(-1)
  if (last === undefined) return undefined
  const number = walSegmentNumber(last.stop, segmentBytes)
  return walSegmentName({ timeline: last.timeline, number }, segmentBytes)
}

/** The complete segments, each with the names under which it may be found: where a timeline was left, its heirs have it too. */
function segmentsOf(
  intervals: readonly WalInterval[],
  segmentBytes: number,
): readonly { readonly alternatives: readonly string[] }[] {
  return intervals.flatMap(({ timeline, start, stop }, index) => {
    const heirs = intervals.slice(index + 1)
    const lastByte = lsnFromBigint(stop - 1n)
    const end =
      heirs.length === 0
        ? walSegmentNumber(stop, segmentBytes)
        : walSegmentNumber(lastByte, segmentBytes) + 1n
    const segments: { readonly alternatives: readonly string[] }[] = []
    for (let number = walSegmentNumber(start, segmentBytes); number < end; number++) {
      const own: WalSegment = { timeline, number }
      const inHeirs = heirs
        .filter((heir) => walSegmentNumber(heir.start, segmentBytes) === number)
        .map((heir): WalSegment => ({ timeline: heir.timeline, number }))
      segments.push({
        alternatives: [own, ...inHeirs].map((segment) => walSegmentName(segment, segmentBytes)),
      })
    }
    return segments
  })
}
