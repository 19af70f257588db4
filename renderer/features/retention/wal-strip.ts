import type { RetentionPlanRecord } from '../../../engine/api/contract/retention.ts'
import type { ArchivedTimelineRecord, WalArchiveRecord } from '../../../engine/api/contract/wal.ts'

/** What the archive has of a timeline, in time. Times are Unix milliseconds and follow from the backups nearest to them. */
export type WalSpan = {
  readonly timeline: number
  readonly fromMs: number
  readonly toMs: number
  /** Up to here it is purged; `fromMs` where nothing is. */
  readonly purgedMs: number
  readonly sizeBytes: number
  readonly purgedBytes: number
}

/** Lays archived WAL beside backups, newest timeline first. A timeline that no backup dates is left out. */
export function walSpans(
  archive: WalArchiveRecord,
  plan: Pick<RetentionPlanRecord, 'wal'> | undefined,
  nowMs: number,
): readonly WalSpan[] {
  return archive.timelines.flatMap((one): readonly WalSpan[] => {
    const { timeline, segments, sizeBytes } = one
    const anchors = anchorsOf(one, nowMs)
    if (segments === undefined || anchors.length === 0) return []
    const msOf = (name: string): number => placeAt(anchors, lsnOfSegment(name, archive.segmentBytes))
    const purge = plan?.wal.find((other) => other.timeline === timeline)
    const hasPurge = purge !== undefined && purge.files.length > 0
    const fromMs = msOf(segments.begin)
    const toMs = Math.max(fromMs, msOf(segments.end))
    const purgedMs = !hasPurge ? fromMs : purge.keepsFrom === undefined ? toMs : msOf(purge.keepsFrom)
    return [
      {
        timeline,
        fromMs,
        toMs,
        purgedMs: Math.min(toMs, Math.max(fromMs, purgedMs)),
        sizeBytes,
        purgedBytes: hasPurge ? purge.sizeBytes : 0,
      },
    ]
  })
}

type Anchor = { readonly lsn: number; readonly ms: number }

/** Where a time is known: at the start and the stop of backups. WAL counts as bytes, exact enough for a picture. */
function anchorsOf({ backups }: ArchivedTimelineRecord, nowMs: number): readonly Anchor[] {
  return backups
    .flatMap(({ startLsn, stopLsn, startTime, recoveryTime }): readonly Anchor[] => [
      ...(startLsn === 0n ? [] : [{ lsn: Number(startLsn), ms: Date.parse(startTime) }]),
      ...(stopLsn === 0n || recoveryTime === undefined
        ? []
        : [{ lsn: Number(stopLsn), ms: Math.min(nowMs, Date.parse(recoveryTime)) }]),
    ])
    .sort((a, b) => a.lsn - b.lsn)
}

/** Between two anchors in proportion; beyond them where the last one is. */
function placeAt(anchors: readonly Anchor[], lsn: number): number {
  const after = anchors.findIndex((one) => one.lsn >= lsn)
  const next = anchors[after === -1 ? anchors.length - 1 : after]
  const before = after > 0 ? anchors[after - 1] : undefined
  if (next === undefined) return 0
  if (before === undefined || after === -1 || next.lsn === before.lsn) return next.ms
  return before.ms + ((next.ms - before.ms) * (lsn - before.lsn)) / (next.lsn - before.lsn)
}

/** Where a segment begins. Source: `XLogFileName` of PostgreSQL: timeline, 4 GiB part, segment in it, 8 digits each. */
function lsnOfSegment(name: string, segmentBytes: number): number {
  return (
    Number.parseInt(name.slice(8, 16), 16) * 2 ** 32 + Number.parseInt(name.slice(16, 24), 16) * segmentBytes
  )
}
