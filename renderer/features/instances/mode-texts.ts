import type { ModeChoice, ModeOutlook } from '../../../engine/api/contract/backups.ts'
import { type Say, saySentence } from '../../lib/i18n.ts'

type Reasons = ModeOutlook['reasons']

/** Why a mode is not possible, as one phrase. */
export function sayReasons(say: Say, reasons: Reasons): string {
  const phrases = reasons.map((reason) => saySentence(say, 'mode-reason', reason))
  return joined(phrases, (first, next) => say('backup.reason-and', { first, next }))
}

/** Why AUTO stands for a mode: what speaks for it, and what speaks against cheaper ones, as one phrase. */
export function sayChoice(say: Say, { reasons, passedOver }: ModeChoice): string {
  const phrases = [
    ...reasons.map((reason) => saySentence(say, 'mode-reason', reason)),
    ...passedOver.map(({ mode, reasons: against }) =>
      say('backup.passed-over', { mode, reason: sayReasons(say, against) }),
    ),
  ]
  return joined(phrases, (first, next) => say('backup.reason-next', { first, next }))
}

function joined(phrases: readonly string[], join: (first: string, next: string) => string): string {
  return phrases.reduce((first, next) => (first === '' ? next : join(first, next)), '')
}
