import type { BackupId } from '../base/backup-id.ts'
import { LSN_NONE, type Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { chainsOf, type ChainSummary } from './chain.ts'
import {
  compare,
  coverageOf,
  findSpan,
  type LsnSpan,
  runsOn,
  type TimelineCoverage,
} from './recovery-coverage.ts'
import type { RecoveryInput } from './recovery-input.ts'
import { marksOn, type TimeMark, timeMarksOf } from './recovery-times.ts'
import { type TimelineNode, timelineTree } from './recovery-timelines.ts'

/** A usable backup on a way, and what replay needs to go on from it. */
export type Base = {
  readonly id: BackupId
  readonly timeline: Timeline
  readonly isStream: boolean
  readonly startLsn: Lsn
  readonly stopLsn: Lsn
  /** From here on WAL must be in the archive: a STREAM backup carries its own up to its stop. */
  readonly needsFrom: Lsn
}

/** What can be reached without a break: every position from the stop of the first base on. */
export type PathZone = LsnSpan & {
  /** Ascending by stop. */
  readonly bases: readonly Base[]
}

/** What one timeline offers as a recovery target, over the whole way from the root. */
export type PathView = {
  readonly node: TimelineNode
  readonly runs: readonly LsnSpan[]
  /** Usable backups that were finished before the way left their timeline, ascending by stop. */
  readonly bases: readonly Base[]
  readonly zones: readonly PathZone[]
  /** Backups that can be restored, and from which nothing further can be reached. */
  readonly points: readonly Base[]
  readonly marks: readonly TimeMark[]
}

/** Everything about the reachable moments of an instance; window and verdicts are views of it. */
export type RecoveryModel = {
  readonly input: RecoveryInput
  readonly chains: ReadonlyMap<BackupId, ChainSummary>
  readonly coverage: ReadonlyMap<Timeline, TimelineCoverage>
  /** One for each timeline, ascending. */
  readonly views: readonly PathView[]
}

/**
 * Works out what can be reached. A position on a way is reachable when a usable backup of that way stops at or before it,
 * and all WAL from its start (STREAM: its stop) on is in the archive. Pure.
 */
export function recoveryModel(input: RecoveryInput): RecoveryModel {
  const { segmentBytes } = input.archive
  const chains = chainsOf(input)
  const coverage = coverageOf(input)
  const marks = timeMarksOf(input, coverage)
  const bases = usableBases(input, chains)
  const views = timelineTree(input).map((node): PathView => {
    const runs = runsOn(node.path, coverage, segmentBytes)
    const own = basesOn(node, bases)
    return {
      node,
      runs,
      bases: own,
      ...reachFrom(own, runs),
      marks: marksOn(node.path, marks, input.switches),
    }
  })
  return { input, chains, coverage, views }
}

/** The view of a timeline; undefined when nobody knows it. */
export function viewOf({ views }: RecoveryModel, timeline: Timeline): PathView | undefined {
  return views.find(({ node }) => node.timeline === timeline)
}

/** The same way, for those bases only for which `isWanted` holds. */
export function withBases(view: PathView, isWanted: (base: Base) => boolean): PathView {
  const bases = view.bases.filter(isWanted)
  return { ...view, bases, ...reachFrom(bases, view.runs) }
}

function usableBases(
  { backups }: Pick<RecoveryInput, 'backups'>,
  chains: RecoveryModel['chains'],
): readonly Base[] {
  return backups
    .flatMap(({ id, control }): readonly Base[] => {
      if (control === undefined || chains.get(id)?.isUsable !== true) return []
      const { timeline, isStream, startLsn, stopLsn } = control
      if (startLsn === LSN_NONE || stopLsn < startLsn) return []
      return [{ id, timeline, isStream, startLsn, stopLsn, needsFrom: isStream ? stopLsn : startLsn }]
    })
    .toSorted((a, b) => compare(a.stopLsn, b.stopLsn))
}

/** A backup that ended after the way left its timeline has pages of another history. */
function basesOn({ path }: TimelineNode, bases: readonly Base[]): readonly Base[] {
  const sections = new Map(path.map((section) => [section.timeline, section]))
  return bases.filter(({ timeline, stopLsn }) => {
    const section = sections.get(timeline)
    return section !== undefined && (section.end === undefined || stopLsn <= section.end)
  })
}

function reachFrom(bases: readonly Base[], runs: readonly LsnSpan[]): Pick<PathView, 'zones' | 'points'> {
  const zones: (LsnSpan & { bases: Base[] })[] = []
  const points: Base[] = []
  const zoneOfRun = new Map<LsnSpan, { bases: Base[] }>()
  for (const base of bases) {
    const run = findSpan(runs, base.needsFrom)
    if (run !== undefined && base.stopLsn < run.to) {
      const known = zoneOfRun.get(run)
      if (known !== undefined) known.bases.push(base)
      else {
        const zone = { from: base.stopLsn, to: run.to, bases: [base] }
        zoneOfRun.set(run, zone)
        zones.push(zone)
      }
    } else if (base.isStream || run?.to === base.stopLsn) points.push(base)
  }
  // In order, because a stop that is later lies in the same run or a later one.
  return { zones, points }
}
