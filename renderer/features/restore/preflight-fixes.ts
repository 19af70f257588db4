import type { PreflightLine, RestorePlan } from '../../../engine/api/contract/restore.ts'
import type { RestoreDraft } from './restore-draft.ts'

/** What the window can do about a line: go to a step, or change the draft. */
export type PreflightFix = {
  readonly label: 'where' | 'what' | 'how' | 'validate' | 'incremental' | 'aside' | 'again'
  readonly step?: 'what' | 'where' | 'how'
  readonly change?: Partial<RestoreDraft>
}

const WHERE: PreflightFix = { label: 'where', step: 'where' }
const WHAT: PreflightFix = { label: 'what', step: 'what' }
const INCREMENTAL: PreflightFix = {
  label: 'incremental',
  change: { incrementalMode: 'checksum', movesAside: false },
}
const ASIDE: PreflightFix = { label: 'aside', change: { incrementalMode: 'none', movesAside: true } }
const AGAIN: PreflightFix = { label: 'again' }

/** The fixes of a line that this window offers, the nearest first; a line that is all right needs none. */
export function fixesOf({ code, state, sentence, hint }: PreflightLine): readonly PreflightFix[] {
  if (state === 'ok') return []
  if (state === 'unknown') return [AGAIN]
  if (sentence.code === 'target-running') return [AGAIN, WHERE]
  if (code === 'target-directory' && sentence.code === 'target-occupied' && hint?.code === 'empty-directory')
    return [ASIDE, WHERE]
  switch (hint?.code) {
    case 'validate-or-force':
    case 'let-validate':
      return [{ label: 'validate', change: { isValidated: true } }]
    case 'empty-or-incremental':
      return [INCREMENTAL, ASIDE, WHERE]
    case 'checksum-instead':
      return [INCREMENTAL]
    case 'destroy-others':
    case 'later-wal':
      return [{ label: 'how', step: 'how' }]
    case 'map-apart':
    case 'map-moved':
    case 'empty-directory':
    case 'other-directory':
    case 'other-directory-or-force':
    case 'outside-catalog':
    case 'writable-directory':
    case 'own-directory':
    case 'more-space':
      return [WHERE]
    case 'remove-pid-file':
      return [AGAIN]
    case 'by-server-clock':
      return [AGAIN, WHAT]
    case 'replica-stops':
      return [{ label: 'how', step: 'how' }, WHAT]
    case 'earlier-target':
    case 'later-target':
    case 'other-timeline':
    case 'older-backup':
      return [WHAT]
    default:
      return []
  }
}

/** Names a warning: another directory or another amount is another warning, to be ticked again. */
export function warningKey({ sentence }: Pick<PreflightLine, 'sentence'>): string {
  const { free: _, seconds: _seconds, ...values } = sentence.values
  return `${sentence.code} ${JSON.stringify(values)}`
}

/** Warnings that were not ticked. */
export function openWarnings(plan: RestorePlan, accepted: readonly string[]): readonly PreflightLine[] {
  return plan.preflight.filter((line) => line.state === 'warning' && !accepted.includes(warningKey(line)))
}

/** Whether the plan destroys data that is there, which wants the name of the instance to be typed. */
export function replacesData({ incremental }: Pick<RestorePlan, 'incremental'>): boolean {
  return incremental !== undefined && incremental.continues === undefined && incremental.mode !== 'none'
}
