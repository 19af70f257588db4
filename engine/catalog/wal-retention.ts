import { LSN_NONE, type Lsn } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber } from '../base/wal-segment.ts'
import { type Backup, isUnread } from './backup.ts'
import {
  type ArchivedFile,
  type ArchivedTimeline,
  findArchivedTimeline,
  findClosestBackup,
  type SegmentInterval,
  type WalArchive,
} from './wal-archive.ts'

/** What is purged of one timeline, and why the rest stays. Its history file always stays. */
export type TimelinePurge = {
  readonly timeline: Timeline
  /** In the order of their names, so oldest first. */
  readonly files: readonly ArchivedFile[]
  readonly sizeBytes: number
  /**
   * `oldest-backup`: what is older than the oldest backup goes; `wal-depth`: what is older than the counted backup;
   * `reachable`: the timeline starts from a backup of an ancestor and stays whole; `no-backup`: nothing can use it, or a backup is
   * just starting and nothing goes; `unread`: nothing goes, for a control file or a history could not be read, or the
   * segments have another size than the configuration says: nobody knows what is needed then.
   */
  readonly reason: 'oldest-backup' | 'wal-depth' | 'reachable' | 'no-backup' | 'unread'
  /** Segments from this one on stay; undefined when all stay, or none. */
  readonly keepsFrom: bigint | undefined
  /** Older segments that backups need to become consistent, or other timelines to be reached. */
  readonly keeps: readonly SegmentInterval[]
}

type Anchor = { readonly timeline: Timeline; readonly lsn: Lsn }

/**
 * Which files of the archive no backup needs, timeline by timeline. Pure. `backups` are those that are to stay, newest
 * first. Source: `catalog-format.md` section 12.5.
 */
export function planWalPurge(
  archive: WalArchive,
  backups: readonly Backup[],
  walDepth: number,
  nowSeconds: number,
): readonly TimelinePurge[] {
  if (backups.some(isUnread) || isDoubtful(archive))
    return archive.timelines.map((one) => purge(one, [], 'unread', undefined, []))
  const { anchors, keeps } = walDepth === 0 ? NO_DEPTH : depthOf(archive, backups, walDepth, nowSeconds)
  return archive.timelines.map((one) => {
    const { timeline } = one
    const own = keeps.get(timeline) ?? []
    const anchor = anchors.get(timeline)
    const isReachable =
      walDepth === 0
        ? findClosestBackup(archive, timeline, backups) !== undefined
        : anchor !== undefined && anchor.timeline !== timeline
    if (isReachable) return purge(one, [], 'reachable', undefined, own)
    const lsn = anchor?.lsn ?? oldestStart(timeline, backups)
    if (lsn === undefined) {
      const files = isStarting(timeline, backups) ? [] : one.files
      return purge(one, files, 'no-backup', undefined, [])
    }
    const keepsFrom = walSegmentNumber(lsn, archive.segmentBytes)
    const older = one.files.filter(({ number }) => number < keepsFrom)
    // Without an anchor of its own the intervals lie behind the oldest backup anyway.
    const kept = anchor === undefined ? [] : own
    const files = older.filter(
      ({ number }) => !kept.some(({ begin, end }) => number >= begin && number <= end),
    )
    return purge(one, files, anchor === undefined ? 'oldest-backup' : 'wal-depth', keepsFrom, kept)
  })
}

/**
 * Whether what the archive has may be misread: a history that says nothing now, or segments of another size than the
 * configuration has, by which every number and LSN of a name is another one.
 */
function isDoubtful({
  problems,
  unknownNames,
  timelines,
  segmentBytes,
  sampledSizes = new Set(),
}: WalArchive): boolean {
  if ([...sampledSizes].some((bytes) => bytes !== segmentBytes)) return true
  if (problems.length > 0 || unknownNames.some((name) => SEGMENT_NAME.test(name))) return true
  const plain = timelines
    .flatMap(({ files }) => files)
    .filter(({ kind, isCompressed }) => kind === 'segment' && !isCompressed)
  return (
    !plain.some(({ sizeBytes }) => sizeBytes === segmentBytes) &&
    plain.some(({ sizeBytes }) => isSegmentSize(sizeBytes))
  )
}

/** What is named like a segment, and is none of the size that the configuration has. */
const SEGMENT_NAME = /^(?!0{8})[0-9A-F]{24}(?:\.gz)?$/

function isSegmentSize(bytes: number): boolean {
  return bytes >= 1 << 20 && bytes <= 1 << 30 && Number.isInteger(Math.log2(bytes))
}

/** The archive without what a plan takes out of it. Pure. */
export function archiveAfter(archive: WalArchive, gone: ReadonlySet<string>): WalArchive {
  if (gone.size === 0) return archive
  return {
    ...archive,
    timelines: archive.timelines.map((one) => ({
      ...one,
      files: one.files.filter(({ name }) => !gone.has(name)),
    })),
  }
}

function purge(
  { timeline }: ArchivedTimeline,
  files: readonly ArchivedFile[],
  reason: TimelinePurge['reason'],
  keepsFrom: bigint | undefined,
  keeps: readonly SegmentInterval[],
): TimelinePurge {
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  return { timeline, files, sizeBytes, reason, keepsFrom, keeps }
}

/** Whatever its status: a backup that failed may be looked at yet, and one that runs needs its WAL. */
function oldestStart(timeline: Timeline, backups: readonly Backup[]): Lsn | undefined {
  let oldest: Lsn | undefined
  for (const { control } of backups) {
    if (control?.timeline !== timeline || control.startLsn === LSN_NONE) continue
    if (oldest === undefined || control.startLsn < oldest) oldest = control.startLsn
  }
  return oldest
}

/** Whether a backup is being taken there of which nobody knows yet from where on it needs WAL. */
function isStarting(timeline: Timeline, backups: readonly Backup[]): boolean {
  return backups.some(
    ({ control }) =>
      control?.timeline === timeline && control.status === 'RUNNING' && control.startLsn === LSN_NONE,
  )
}

type Depth = {
  readonly anchors: ReadonlyMap<Timeline, Anchor>
  readonly keeps: ReadonlyMap<Timeline, readonly SegmentInterval[]>
}

const NO_DEPTH: Depth = { anchors: new Map(), keeps: new Map() }

function depthOf(
  archive: WalArchive,
  backups: readonly Backup[],
  walDepth: number,
  nowSeconds: number,
): Depth {
  const anchors = new Map<Timeline, Anchor>()
  const keeps = new Map<Timeline, SegmentInterval[]>()
  const keep = (timeline: Timeline, begin: bigint, end: bigint): void => {
    const known = keeps.get(timeline)
    if (known === undefined) keeps.set(timeline, [{ begin, end }])
    else known.push({ begin, end })
  }
  const segment = (lsn: Lsn): bigint => walSegmentNumber(lsn, archive.segmentBytes)
  for (const { timeline } of archive.timelines) {
    const own = backups.filter(({ control }) => control?.timeline === timeline)
    const anchor = own.filter((backup) => countsForDepth(backup, nowSeconds))[walDepth - 1]?.control?.startLsn
    if (anchor === undefined) {
      const closest = findClosestBackup(archive, timeline, backups)?.control
      if (closest === undefined || closest.startLsn === LSN_NONE) continue
      anchors.set(timeline, { timeline: closest.timeline, lsn: closest.startLsn })
      keepWayTo(archive, timeline, { timeline: closest.timeline, lsn: closest.startLsn }, keep)
      continue
    }
    anchors.set(timeline, { timeline, lsn: anchor })
    for (const { control } of own) {
      if (control === undefined || control.isStream) continue
      if (control.startLsn === LSN_NONE || control.startLsn >= anchor) continue
      if (control.status === 'RUNNING' && control.stopLsn === LSN_NONE) {
        // It is still being taken, and another one has overtaken it. The reference tool would purge its WAL.
        keep(timeline, segment(control.startLsn), segment(anchor))
        continue
      }
      // The last record of a backup that a standby took may go on in the next segment.
      keep(timeline, segment(control.startLsn), segment(control.stopLsn) + (control.isFromReplica ? 1n : 0n))
    }
  }
  return { anchors, keeps }
}

/** A pin is for one backup; it does not stand for WAL. */
function countsForDepth({ control }: Backup, nowSeconds: number): boolean {
  if (control === undefined || control.startLsn === LSN_NONE) return false
  return (control.status === 'OK' || control.status === 'DONE') && (control.expireSeconds ?? 0) <= nowSeconds
}

/** Keeps on every ancestor what leads to the timeline: from the closest backup on, and up to where the way branches off. */
function keepWayTo(
  archive: WalArchive,
  timeline: Timeline,
  closest: Anchor,
  keep: (timeline: Timeline, begin: bigint, end: bigint) => void,
): void {
  let at = findArchivedTimeline(archive, timeline)
  while (at?.parent !== undefined && at.parent.timeline < at.timeline) {
    const { timeline: parentTimeline, switchLsn } = at.parent
    const parent = findArchivedTimeline(archive, parentTimeline)
    if (parent === undefined) return
    const begin =
      parentTimeline === closest.timeline
        ? walSegmentNumber(closest.lsn, archive.segmentBytes)
        : (parent.segments?.begin ?? 0n)
    keep(parentTimeline, begin, walSegmentNumber(switchLsn, archive.segmentBytes))
    at = parent
  }
}
