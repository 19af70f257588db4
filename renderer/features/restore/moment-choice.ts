import type {
  AccidentRecord,
  CommitRecord,
  RestorePointRecord,
} from '../../../engine/api/contract/wal-index.ts'
import type { MomentRecord, NearMomentRecord } from '../../../engine/api/contract/recovery.ts'
import type { RecoveryTargetInput, RestoreRequest } from '../../../engine/api/contract/restore.ts'
import { isoOfMs, msOfIso } from '../../lib/micro-time.ts'
import type { Lane } from '../../pictures/recovery-lanes.ts'
import { nearestReach } from '../../pictures/recovery-reach.ts'
import type { Moment } from '../../pictures/recovery-timeline.tsx'

/** Where recovery shall stop, as it was chosen: by the handle, from a list, or typed. */
export type MomentChoice = {
  readonly target: RecoveryTargetInput
  readonly isInclusive: boolean
  /** Undefined: whichever has it, the newest first. */
  readonly timeline: number | undefined
  /** From this backup; undefined: the one from which the least WAL is replayed. */
  readonly baseId: string | undefined
  /** Where the handle is for it, if that is known without asking. */
  readonly at: Moment | undefined
}

export type ReachableMoment = Extract<MomentRecord, { readonly kind: 'reachable' }>

const NO_MORE_MS = 0.0005

/** What it means to put the handle somewhere: points and edges of zones are chosen by what makes them one. */
export function choiceAt(lane: Lane, ms: number, baseId: string | undefined): MomentChoice {
  const { timeline } = lane
  const at = { timeline, ms }
  const isHere = (one: number): boolean => Math.abs(one - ms) < NO_MORE_MS
  const point = lane.points.find((one) => isHere(one.ms))
  if (point !== undefined) return { ...endOf(point.id), at }
  const last = lane.zones.at(-1)
  const shared = { isInclusive: true, timeline, baseId, at }
  if (lane.isCurrent && last?.endsBy === 'archive-end' && ms > last.toMs - 2 * NO_MORE_MS - NO_MORE_MS / 2)
    return { target: { kind: 'latest' }, ...shared }
  const opened = lane.zones.find(({ fromMs }) => isHere(fromMs))
  if (opened !== undefined) return { target: { kind: 'lsn', lsn: opened.fromLsn }, ...shared }
  return { target: { kind: 'time', at: isoOfMs(ms) }, ...shared }
}

/** The end of a backup. */
export function endOf(id: string): MomentChoice {
  return { target: { kind: 'immediate' }, isInclusive: true, timeline: undefined, baseId: id, at: undefined }
}

/** Right after a commit. */
export function afterCommit({ lsn, timeline, at }: CommitRecord, baseId: string | undefined): MomentChoice {
  return {
    target: { kind: 'lsn', lsn },
    isInclusive: true,
    timeline,
    baseId,
    at: { timeline, ms: msOfIso(at) },
  }
}

/** Just before what went wrong: by its transaction, or by its place where it needed none. */
export function justBefore(accident: AccidentRecord, baseId: string | undefined): MomentChoice {
  const { xid, lsn, timeline, at } = accident
  return {
    target: xid === 0 ? { kind: 'lsn', lsn } : { kind: 'xid', xid: String(xid) },
    isInclusive: false,
    timeline,
    baseId,
    at: { timeline, ms: msOfIso(at) },
  }
}

/** A restore point. */
export function atPoint(
  { name, timeline, at }: RestorePointRecord,
  baseId: string | undefined,
): MomentChoice {
  return {
    target: { kind: 'name', name },
    isInclusive: true,
    timeline,
    baseId,
    at: { timeline, ms: msOfIso(at) },
  }
}

/** What the engine offered instead of a moment that cannot be reached. */
export function nearChoice({ timeline, lsn, time, pointOf }: NearMomentRecord): MomentChoice {
  const at = time && { timeline, ms: msOfIso(time.at) }
  if (pointOf !== undefined) return { ...endOf(pointOf), at }
  return { target: { kind: 'lsn', lsn }, isInclusive: true, timeline, baseId: undefined, at }
}

/** What is chosen before anybody chose: the latest moment of all; undefined where nothing can be reached. */
export function latestOf(lanes: readonly Lane[], baseId: string | undefined): MomentChoice | undefined {
  const lane = lanes.findLast(({ reach }) => reach.length > 0)
  const ms = lane?.reach.at(-1)?.toMs
  return lane === undefined || ms === undefined ? undefined : choiceAt(lane, ms, baseId)
}

/** Where the handle is drawn: on green, whatever is chosen. */
export function handleOf(
  choice: MomentChoice | undefined,
  verdict: MomentRecord | undefined,
  lanes: readonly Lane[],
): Moment | undefined {
  const found =
    verdict?.kind === 'reachable' && verdict.time !== undefined
      ? { timeline: verdict.position.timeline, ms: msOfIso(verdict.time.at) }
      : undefined
  // A time is where it was put. Of all else the engine knows better, once WAL was read.
  return onGreen(choice?.target.kind === 'time' ? (choice.at ?? found) : (found ?? choice?.at), lanes)
}

/** The moment nearest to one that can be reached on its timeline; undefined where nothing can. */
export function onGreen(moment: Moment | undefined, lanes: readonly Lane[]): Moment | undefined {
  const lane = lanes.find(({ timeline }) => timeline === moment?.timeline)
  const ms = lane && moment && nearestReach(lane.reach, moment.ms)
  return lane === undefined || ms === undefined ? undefined : { timeline: lane.timeline, ms }
}

/** What `recovery.moment` is asked. */
export function questionOf({ target, isInclusive, timeline, baseId }: MomentChoice) {
  return {
    target,
    ...(!isInclusive && { isInclusive }),
    // The window shows what can be reached of a timeline, whichever is followed for it.
    ...(timeline !== undefined && { targetTimeline: String(timeline), mayFollowHeir: true }),
    ...(baseId !== undefined && { id: baseId }),
  }
}

/**
 * The same for a restore, with the backup and the timeline that the verdict chose. At the end of a STREAM backup, which
 * has all the WAL that it needs, there is nothing to stop: its server just opens.
 */
export function restoreTargetOf(
  choice: MomentChoice,
  verdict: ReachableMoment,
  isStream: boolean,
): Pick<RestoreRequest, 'target' | 'isInclusive' | 'targetTimeline'> {
  const { target, isInclusive } = choice
  if (target.kind === 'immediate') return isStream ? {} : { target }
  const targetTimeline = String(verdict.recoveryTimeline)
  return { target, ...(!isInclusive && { isInclusive }), targetTimeline }
}

/** What backups of pg_probackup leave in the WAL for themselves; source: `catalog-format.md` section 7.3. */
const NAME_OF_BACKUP = /^pg_probackup, backup_id /

/** Without the restore points of backups, whose ends can be chosen as such: among hundreds nobody finds their own. Pure. */
export function namedByPeople(points: readonly RestorePointRecord[]): readonly RestorePointRecord[] {
  return points.filter(({ name }) => !NAME_OF_BACKUP.test(name))
}
