import type { Timeline } from '../base/wal-segment.ts'
import { judgeOn } from './recovery-judge.ts'
import { type Base, type PathView, type RecoveryModel, viewOf, withBases } from './recovery-model.ts'
import { recoveryPath } from './recovery-path.ts'
import type { MomentRequest } from './recovery-request.ts'
import type { MomentVerdict, UnreachableReason } from './recovery-verdict.ts'

/** Whether a target can be reached, from which backup and with which WAL; or why not, and what is nearest. Pure. */
export function judgeMoment(model: RecoveryModel, request: MomentRequest): MomentVerdict {
  const { baseId, target } = request
  // As a restore does that names none.
  const timeline = request.timeline ?? (target.kind === 'latest' ? 'latest' : undefined)
  const { views, input } = model
  if (baseId !== undefined && !views.some(({ bases }) => bases.some(({ id }) => id === baseId)))
    return refused({ code: 'backup-not-usable', backupId: baseId })
  const isWanted = ({ id }: Base): boolean => baseId === undefined || id === baseId
  if (typeof timeline === 'number') {
    const view = viewOf(model, timeline)
    if (view === undefined) return refused({ code: 'timeline-unknown', timeline })
    if (!view.node.hasHistory) return refused({ code: 'history-missing', timeline })
    const own = judgeOn(model, withBases(view, isWanted), request)
    return own.kind === 'unreachable' && request.mayFollowHeir === true
      ? (throughHeir(model, timeline, isWanted, request) ?? own)
      : own
  }
  const tree = views.map(({ node }) => node)
  const isFollowed = (base: Base, followed: Timeline): boolean =>
    timeline === undefined || recoveryPath(tree, base, timeline).timeline === followed
  let first: MomentVerdict | undefined
  for (const whole of views.toReversed()) {
    const view = withBases(whole, (base) => isWanted(base) && isFollowed(base, whole.node.timeline))
    const verdict = judgeOn(model, view, request)
    if (verdict.kind !== 'unreachable')
      return timeline === undefined ? onOwnTimeline(verdict, model, isWanted, request) : verdict
    // What is said of a way without backups explains nothing.
    if (first?.kind !== 'unreachable' || first.reason.code === 'no-usable-backup') first = verdict
  }
  return first ?? refused({ code: 'no-usable-backup', known: input.backups.length })
}

/**
 * The end of a timeline that was left may be only in the first segment of one that branched off, and the way there follows
 * that one. Undefined when none leads to a moment of `timeline`.
 */
function throughHeir(
  model: RecoveryModel,
  timeline: Timeline,
  isWanted: (base: Base) => boolean,
  request: MomentRequest,
): MomentVerdict | undefined {
  if (request.target.kind === 'latest') return undefined
  const heirs = model.views.filter(
    ({ node }) =>
      node.hasHistory && node.timeline !== timeline && node.path.some((one) => one.timeline === timeline),
  )
  for (const view of heirs.toReversed()) {
    const verdict = judgeOn(model, withBases(view, isWanted), request)
    if (verdict.kind === 'reachable' && verdict.position.timeline === timeline) return verdict
  }
  return undefined
}

/**
 * A moment before a switch is best reached on the timeline that it belongs to; what is lost is still counted on the newer
 * one.
 */
function onOwnTimeline(
  verdict: MomentVerdict,
  model: RecoveryModel,
  isWanted: (base: Base) => boolean,
  request: MomentRequest,
): MomentVerdict {
  if (verdict.kind !== 'reachable' || verdict.position.timeline === verdict.recoveryTimeline) return verdict
  const own: PathView | undefined = viewOf(model, verdict.position.timeline)
  if (own === undefined) return verdict
  const again = judgeOn(model, withBases(own, isWanted), request)
  const isSame = again.kind === 'reachable' && again.position.lsn === verdict.position.lsn
  return isSame ? { ...again, lost: verdict.lost } : verdict
}

function refused(reason: UnreachableReason): MomentVerdict {
  return { kind: 'unreachable', reason, before: undefined, after: undefined }
}
