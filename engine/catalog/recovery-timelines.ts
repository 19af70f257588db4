import type { Lsn } from '../base/lsn.ts'
import { LSN_NONE } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { TimelineHistory } from '../format/timeline-history.ts'
import type { RecoveryInput } from './recovery-input.ts'

/** The part of a way that lies on one timeline: from `begin` up to, not including, `end`. */
export type PathSection = {
  readonly timeline: Timeline
  readonly begin: Lsn
  /** Undefined for the last one. */
  readonly end: Lsn | undefined
}

/** A timeline in the tree of timelines. */
export type TimelineNode = {
  readonly timeline: Timeline
  readonly parent: Timeline | undefined
  /** Where it left its parent. */
  readonly switchLsn: Lsn | undefined
  /** False when a history file should be there and is not: servers refuse such a timeline as a target. */
  readonly hasHistory: boolean
  /** The way from the root to this timeline, oldest first, itself last. */
  readonly path: readonly PathSection[]
}

/**
 * Every timeline that the archive, a history file or a backup names, ascending. Where a history file is missing, the
 * parent is taken from the history of a descendant, but no way leads over it.
 */
export function timelineTree({
  backups,
  archive,
}: Pick<RecoveryInput, 'backups' | 'archive'>): readonly TimelineNode[] {
  const histories = new Map<Timeline, TimelineHistory>()
  const known = new Set<Timeline>()
  const parents = new Map<Timeline, { readonly timeline: Timeline; readonly switchLsn: Lsn }>()
  for (const { control } of backups)
    if (control !== undefined && control.timeline > 0) known.add(control.timeline)
  for (const { timeline, history } of archive.timelines) {
    known.add(timeline)
    if (history === undefined) continue
    histories.set(timeline, history)
    for (const [index, entry] of history.entries()) {
      known.add(entry.timeline)
      const child = history[index + 1]?.timeline ?? timeline
      // A timeline's own history is nearer than that of a descendant.
      if (child === timeline || !parents.has(child)) parents.set(child, entry)
    }
  }
  return [...known]
    .toSorted((a, b) => a - b)
    .map((timeline): TimelineNode => {
      const parent = parents.get(timeline)
      const history = histories.get(timeline)
      return {
        timeline,
        parent: parent?.timeline,
        switchLsn: parent?.switchLsn,
        hasHistory: timeline === 1 || history !== undefined,
        path:
          history === undefined
            ? [{ timeline, begin: parent?.switchLsn ?? LSN_NONE, end: undefined }]
            : pathOf(timeline, history),
      }
    })
}

/**
 * Which timeline each position belongs to. Switch points may descend, when a server left a timeline before the point
 * where that one began: then the newer timeline has the position, and one may be left without any.
 * Source: PostgreSQL `src/backend/access/transam/timeline.c`, `tliOfPointInHistory`.
 */
function pathOf(timeline: Timeline, history: TimelineHistory): readonly PathSection[] {
  const sections: PathSection[] = []
  let end: Lsn | undefined
  for (let index = history.length; index >= 0; index--) {
    const entry = history[index]
    const begin = history[index - 1]?.switchLsn ?? LSN_NONE
    if (entry !== undefined && (end === undefined || entry.switchLsn < end)) end = entry.switchLsn
    sections.push({ timeline: entry?.timeline ?? timeline, begin, end })
    end = end === undefined || begin < end ? begin : end
  }
  return sections.toReversed()
}

/** Where the timeline of the tree begins of its own. */
export function ownBegin({ path }: Pick<TimelineNode, 'path'>): Lsn {
  return path.at(-1)?.begin ?? LSN_NONE
}

/** The timeline that a position belongs to on the way. */
export function ownerOf(path: readonly PathSection[], lsn: Lsn): Timeline | undefined {
  return path.find(({ begin, end }) => lsn >= begin && (end === undefined || lsn < end))?.timeline
}
