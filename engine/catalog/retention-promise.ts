import type { BackupId } from '../base/backup-id.ts'
import type { Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { chainsOf } from './chain.ts'
import type { RecoveryInput } from './recovery-input.ts'
import { recoveryWindow, type RecoveryWindow } from './recovery-window.ts'
import type { WalMoment } from './recovery-times.ts'

/** `no-backup`: nothing is left that could be restored; `below-window`: the past ends before the window does. */
export type BrokenPromise = 'no-backup' | 'below-window'

/** Positions that can be restored to now and not after the plan. */
export type LostSpan = {
  readonly timeline: Timeline
  readonly from: Lsn
  readonly to: Lsn
  readonly fromTime: WalMoment | undefined
  readonly toTime: WalMoment | undefined
}

/** What a plan does to the reachable past. Times are Unix seconds. */
export type PromiseCheck = {
  /** Since when the policy promises that every moment can be reached; undefined when it has no window. */
  readonly promisedSeconds: number | undefined
  /** The earliest moment that can be reached; undefined when there is none. */
  readonly before: number | undefined
  readonly after: number | undefined
  readonly broken: readonly BrokenPromise[]
  readonly lostSpans: readonly LostSpan[]
  /** Backups that stay, and can no longer be restored for want of WAL. */
  readonly strandedIds: readonly BackupId[]
}

/**
 * Holds what can be reached after a plan against what can be reached now. Pure. That a plan cannot bring back what is
 * lost already is not held against it.
 */
export function checkPromise(
  before: RecoveryInput,
  after: RecoveryInput,
  promisedSeconds: number | undefined,
): PromiseCheck {
  const isArchiveHere = before.archive.timelines.some(({ segments }) => segments !== undefined)
  const now = reachOf(before, isArchiveHere)
  const then = before === after ? now : reachOf(after, isArchiveHere)
  const broken: BrokenPromise[] = []
  const isChanged = before !== after
  const hadAny = now.earliest !== undefined
  const hasAny = hadAny ? then.earliest !== undefined : hasUsableChain(after)
  if (isChanged && !hasAny && before.backups.length > 0) broken.push('no-backup')
  else if (
    promisedSeconds !== undefined &&
    now.earliest !== undefined &&
    then.earliest !== undefined &&
    then.earliest > promisedSeconds &&
    then.earliest > now.earliest
  )
    broken.push('below-window')
  const wereStranded = new Set(now.window.strandedIds)
  return {
    promisedSeconds,
    before: now.earliest,
    after: then.earliest,
    broken,
    lostSpans: isChanged ? lostSpans(now.window, then.window) : [],
    strandedIds: then.window.strandedIds.filter((id) => !wereStranded.has(id)),
  }
}

type Reach = { readonly window: RecoveryWindow; readonly earliest: number | undefined }

/**
 * The recovery time of the first backup that can be restored. Where the archive has no WAL at all it is kept elsewhere, and
 * nothing can be said of it: the chains alone count then.
 */
function reachOf(input: RecoveryInput, isArchiveHere: boolean): Reach {
  const window = recoveryWindow(input)
  const stranded = new Set(isArchiveHere ? window.strandedIds : [])
  const chains = chainsOf(input)
  let earliest: number | undefined
  for (const { id, control } of input.backups) {
    if (control === undefined || chains.get(id)?.isUsable !== true || stranded.has(id)) continue
    const seconds = control.recoverySeconds ?? control.startSeconds
    if (earliest === undefined || seconds < earliest) earliest = seconds
  }
  return { window, earliest }
}

function hasUsableChain(input: RecoveryInput): boolean {
  return [...chainsOf(input).values()].some(({ isUsable }) => isUsable)
}

function lostSpans(before: RecoveryWindow, after: RecoveryWindow): readonly LostSpan[] {
  const left = new Map(after.lanes.map((lane) => [lane.timeline, lane]))
  return before.lanes.flatMap(({ timeline, zones }) => {
    const staying = left.get(timeline)?.zones ?? []
    return zones.flatMap((zone): readonly LostSpan[] => {
      const lost: LostSpan[] = []
      let { from, fromTime } = zone
      for (const stay of staying) {
        if (stay.to <= from || stay.from >= zone.to) continue
        if (stay.from > from) lost.push({ timeline, from, to: stay.from, fromTime, toTime: stay.fromTime })
        from = stay.to
        fromTime = stay.toTime
      }
      if (from < zone.to) lost.push({ timeline, from, to: zone.to, fromTime, toTime: zone.toTime })
      return lost
    })
  })
}
