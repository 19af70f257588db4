import { EngineError } from '../../base/engine-error.ts'
import { formatLocalMicros } from '../../base/local-time.ts'
import { formatLsn } from '../../base/lsn.ts'
import { PREFLIGHT_HINTS, type PreflightHint } from '../../base/preflight-hints.ts'
import { formatTargetTime } from '../../catalog/recovery-time-text.ts'
import type { WalProblem, WalProblemKind } from '../../format/wal-cursor.ts'
import type { TargetCheck, WalReach } from '../steps/check-target.ts'
import { endText, LATER_TARGET } from './choose-backup.ts'
import type { JudgedTarget } from './judge-target.ts'
import type { PreflightLine } from './preflight.ts'
import type { RestoreInput } from './restore-facts.ts'

/** The segment is not there, or only the beginning of it, as of one that is partial. */
const UNWRITTEN: ReadonlySet<WalProblemKind> = new Set(['missing', 'zeroed', 'wrong-address'])

/**
 * The line of the pre-flight about the target; undefined where there is nothing to say. A target that is not reached blocks,
 * unless the restore is forced, or WAL is neither to be validated nor fetched from the archive of the catalog.
 */
export function targetLine(
  judged: JudgedTarget,
  {
    target,
    isValidated,
    isForced,
    restoreCommand = '',
  }: Pick<RestoreInput, 'target' | 'isValidated' | 'isForced' | 'restoreCommand'>,
): PreflightLine | undefined {
  const { check, gap } = judged
  const isFetchedElsewhere = !isValidated && restoreCommand !== '' && restoreCommand !== 'none'
  const missed = isForced || isFetchedElsewhere ? 'warning' : 'blocked'
  if (check === undefined) {
    if (gap !== undefined) {
      const { segment, later, isRefused } = gap
      return line(isRefused ? missed : 'warning', 'wal-gap', { segment, later }, 'earlier-target')
    }
    return target === undefined ? undefined : line('warning', 'wal-unchecked', {}, 'let-validate')
  }
  switch (check.kind) {
    case 'reached':
      return line('ok', 'wal-reached', reachValues(check.reach))
    case 'unread':
      // Without validation nobody reads the rest. But a name may be mistyped, and nothing else tells where it is.
      return isValidated || (target?.kind === 'name' && missed === 'blocked')
        ? line('ok', 'wal-read-at-start', reachValues(check.reach))
        : line('warning', 'wal-unchecked', {}, 'let-validate')
    case 'not-found':
    case 'before-end':
      return line(missed, 'wal-before-end', { id: judged.chosen.backup.id }, 'older-backup')
    case 'not-reached':
      if (judged.endedBefore !== undefined && judged.otherTimeline === undefined) {
        const { id, control } = judged.endedBefore
        return line(missed, 'wal-ended-before', { id, lsn: formatLsn(control.stopLsn) }, 'later-target')
      }
      return withTimeline(
        judged,
        check.isEnd
          ? line(missed, 'wal-ends', reachValues(check.reach), 'earlier-target')
          : brokenLine(missed, check, target),
      )
  }
}

function brokenLine(
  state: PreflightLine['state'],
  { reach, problem, later }: Extract<TargetCheck, { kind: 'not-reached' }>,
  target: RestoreInput['target'],
): PreflightLine {
  const values = { ...reachValues(reach), segment: problem.segment, problem: problem.what }
  // Whoever wants the latest there is wants that as well.
  return target?.kind === 'latest' && later !== undefined
    ? line(state, 'wal-lost', { ...values, later }, 'earlier-target')
    : line(state, 'wal-broken', values, 'earlier-target')
}

/**
 * What is wrong with the target, as one sentence; undefined when recovery stops there, or WAL was not read that far.
 * Source of the wording: `catalog-format.md` section 9.2.
 */
export function whyUnreachable(judged: JudgedTarget): string | undefined {
  const why = whyMissed(judged)
  const { otherTimeline } = judged
  return why === undefined || otherTimeline === undefined
    ? why
    : `${why}; on timeline ${otherTimeline} it is reached`
}

function whyMissed({ chosen, check, missedName, endedBefore, gap }: JudgedTarget): string | undefined {
  if (check === undefined && gap?.isRefused === true)
    return `WAL segment ${gap.segment} is missing; ${lostText(gap.later)}`
  if (check === undefined || check.kind === 'reached' || check.kind === 'unread') return undefined
  if (check.kind === 'not-found') return 'the WAL has no such place'
  if (check.kind === 'before-end')
    return `the target is before the end of backup ${chosen.backup.id}, at ${formatLsn(chosen.backup.control.stopLsn)}`
  if (endedBefore !== undefined)
    return `the transaction ended before the end of backup ${endedBefore.id}, and none that could be used is older: ${endText(endedBefore.control)}`
  const how = `recovery can be done up to ${reachText(check.reach)}`
  if (check.isEnd && missedName !== undefined) {
    const { name, others } = missedName
    const known = others.length === 0 ? 'none' : others.map((one) => `"${one}"`).join(', ')
    return `the WAL has no restore point "${name}", the latest it has: ${known}; ${how}`
  }
  if (check.isEnd) return how
  const rest = check.later === undefined ? '' : `; ${lostText(check.later)}`
  return `${how}: ${problemText(check.problem)}${rest}`
}

function lostText(later: string): string {
  return `there is more WAL after it, up to ${later}, which would be lost`
}

/** What a backup received of a segment, or a part of a file, reads as if nothing more had ever been written. */
function problemText({ what, lsn, segment, message }: WalProblem): string {
  return what === 'zeroed' || what === 'wrong-address'
    ? `of WAL segment ${segment} only the beginning is there, up to ${formatLsn(lsn)}`
    : message
}

/** Where recovery stops that reaches its target. */
export function reachedText({ check }: JudgedTarget): string {
  return check?.kind === 'reached' || check?.kind === 'unread' ? reachText(check.reach) : ''
}

/** @throws {EngineError} `restore.unreachable`, and `wal.missing` or `wal.damaged` where that is why */
export function requireReachable(judged: JudgedTarget): void {
  const why = whyUnreachable(judged)
  if (why === undefined) return
  const { check, chosen, gap } = judged
  const broken = check?.kind === 'not-reached' && !check.isEnd ? check.problem : undefined
  const segment = check === undefined ? gap?.segment : broken?.segment
  const code =
    segment === undefined
      ? 'restore.unreachable'
      : broken === undefined || UNWRITTEN.has(broken.what)
        ? 'wal.missing'
        : 'wal.damaged'
  throw new EngineError(code, `the recovery target is not reached: ${why}`, {
    hint: `Nothing was written. ${unreachableHint(judged)}`,
    facts: { backup: chosen.backup.id, ...(segment !== undefined && { segment }) },
  })
}

/** What to do about a target that is not reached. */
export function unreachableHint({ check, otherTimeline, endedBefore, missedName }: JudgedTarget): string {
  if (otherTimeline !== undefined)
    return `Follow timeline ${otherTimeline}: --recovery-target-timeline=${otherTimeline}.`
  if (endedBefore !== undefined) return LATER_TARGET
  if (missedName?.meant !== undefined) return `Did you mean "${missedName.meant}"?`
  return check?.kind === 'before-end'
    ? PREFLIGHT_HINTS['older-backup']
    : 'Choose an earlier target or another timeline, or bring the WAL into the archive.'
}

/** Times as the command line has them: `time 2026-11-21 08:41:07.123456+08, xid 741, LSN 0/9000060 on timeline 1`. */
function reachText({ micros, xid, endLsn, timeline }: WalReach): string {
  const time = micros === undefined ? [] : [`time ${formatLocalMicros(micros)}`]
  const transaction = xid === undefined ? [] : [`xid ${xid}`]
  return [...time, ...transaction, `LSN ${formatLsn(endLsn)} on timeline ${timeline}`].join(', ')
}

function reachValues({ micros, xid, endLsn, timeline }: WalReach): Readonly<Record<string, string | number>> {
  return {
    time: micros === undefined ? '' : formatTargetTime(micros),
    xid: xid ?? '',
    lsn: formatLsn(endLsn),
    timeline,
  }
}

function withTimeline({ otherTimeline }: JudgedTarget, missed: PreflightLine): PreflightLine {
  if (otherTimeline === undefined) return missed
  const text = PREFLIGHT_HINTS['other-timeline'].replace('{{timeline}}', String(otherTimeline))
  return { ...missed, hint: { code: 'other-timeline', values: { timeline: otherTimeline }, text } }
}

function line(
  state: PreflightLine['state'],
  code: string,
  values: Readonly<Record<string, string | number>>,
  hint?: PreflightHint['code'],
): PreflightLine {
  const said = hint === undefined ? undefined : { code: hint, values: {}, text: PREFLIGHT_HINTS[hint] }
  return { code: 'wal', state, sentence: { code, values }, hint: said }
}
