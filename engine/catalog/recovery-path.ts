import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { TargetTimeline } from './recovery-target.ts'
import type { PathSection, TimelineNode } from './recovery-timelines.ts'

/** The way that recovery takes from a backup, or why there is none. */
export type RecoveryPath =
  | { readonly kind: 'path'; readonly timeline: Timeline; readonly sections: readonly PathSection[] }
  /** Servers refuse a target timeline without its history file. */
  | { readonly kind: 'no-history'; readonly timeline: Timeline }
  /** The way to the timeline does not pass the one of the backup. */
  | { readonly kind: 'other-branch'; readonly timeline: Timeline }
  /** It left the timeline of the backup at `switchLsn`, before the backup stopped. */
  | { readonly kind: 'left-before'; readonly timeline: Timeline; readonly switchLsn: Lsn }

/**
 * The way of recovery from a backup, as servers find it. `latest` is the last timeline that can be counted up to from the
 * one of the backup without leaving out a history file, whatever it descends from.
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `InitWalRecovery`; `timeline.c`, `findNewestTimeLine`.
 */
export function recoveryPath(
  tree: readonly TimelineNode[],
  backup: { readonly timeline: Timeline; readonly stopLsn: Lsn },
  wanted: TargetTimeline,
): RecoveryPath {
  const timeline =
    wanted === 'current' ? backup.timeline : wanted === 'latest' ? newestFrom(tree, backup.timeline) : wanted
  const node = tree.find((one) => one.timeline === timeline)
  if (timeline === backup.timeline) {
    const sections = node?.path ?? [{ timeline, begin: 0n as Lsn, end: undefined }]
    return { kind: 'path', timeline, sections }
  }
  if (node === undefined || !node.hasHistory) return { kind: 'no-history', timeline }
  const own = node.path.find((section) => section.timeline === backup.timeline)
  if (own === undefined) return { kind: 'other-branch', timeline }
  if (own.end !== undefined && backup.stopLsn > own.end)
    return { kind: 'left-before', timeline, switchLsn: own.end }
  return { kind: 'path', timeline, sections: node.path }
}

function newestFrom(tree: readonly TimelineNode[], from: Timeline): Timeline {
  const withHistory = new Set(tree.filter(({ hasHistory }) => hasHistory).map(({ timeline }) => timeline))
  let newest = from
  while (withHistory.has(newest + 1)) newest++
  return newest
}
