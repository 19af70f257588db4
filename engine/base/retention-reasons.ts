import { type BackupFate, type RetentionPolicy, verdictAt } from './retention.ts'

/** Why a verdict is what it is: `code` chooses the sentence of a screen, `values` fill it. Times are Unix seconds. */
export type RetentionReason =
  /** No rule is set. */
  | { readonly code: 'no-policy'; readonly values: Record<never, never> }
  /** Its FULL is number `number` of the `of` that are kept. */
  | { readonly code: 'redundancy'; readonly values: { readonly number: number; readonly of: number } }
  /** Its FULL lies between those that are kept, and takes no place of one, for it cannot be used. */
  | { readonly code: 'beside-redundancy'; readonly values: { readonly of: number } }
  /** It stays so until newer FULLs, which are still to come, are there. */
  | {
      readonly code: 'redundancy-until'
      readonly values: { readonly of: number; readonly untilSeconds: number }
    }
  | {
      readonly code: 'window'
      readonly values: { readonly days: number; readonly untilSeconds: number }
    }
  | { readonly code: 'pin'; readonly values: { readonly untilSeconds: number } }
  /** Of those that need it, the one that is kept longest. */
  | { readonly code: 'needed-by'; readonly values: { readonly id: string } }
  /** Its control file cannot be read, so nobody knows whether it is pinned. */
  | { readonly code: 'unread'; readonly values: Record<never, never> }
  /** Nobody knows of which backup that one is an increment. */
  | { readonly code: 'needed-by-unread'; readonly values: { readonly id: string } }
  | { readonly code: 'beyond-redundancy'; readonly values: { readonly of: number } }
  | { readonly code: 'beyond-window'; readonly values: { readonly days: number } }
  | { readonly code: 'beyond-both'; readonly values: { readonly of: number; readonly days: number } }
  /** What it holds goes over into that backup, which becomes a FULL. */
  | { readonly code: 'merged-into'; readonly values: { readonly id: string } }

/** Why the verdict of a backup is what it is at a Unix second. Merging is not looked at. */
export function reasonAt(
  fate: BackupFate,
  { redundancy, windowDays }: RetentionPolicy,
  nowSeconds: number,
): RetentionReason {
  switch (verdictAt(fate, nowSeconds)) {
    case 'kept':
      if (fate.backup.isUnread === true) return { code: 'unread', values: {} }
      if (redundancy === 0 && windowDays === 0) return { code: 'no-policy', values: {} }
      if (fate.redundantEnds <= nowSeconds)
        return { code: 'window', values: { days: windowDays, untilSeconds: fate.policyEnds } }
      if (Number.isFinite(fate.redundantEnds))
        return { code: 'redundancy-until', values: { of: redundancy, untilSeconds: fate.redundantEnds } }
      return fate.fullNumber > redundancy
        ? { code: 'beside-redundancy', values: { of: redundancy } }
        : { code: 'redundancy', values: { number: fate.fullNumber, of: redundancy } }
    case 'pinned':
      return { code: 'pin', values: { untilSeconds: fate.pinEnds } }
    case 'held':
      // Only what may need it is held for ever.
      return {
        code: Number.isFinite(fate.goesAt) ? 'needed-by' : 'needed-by-unread',
        values: { id: fate.lastHolder },
      }
    case 'will-go':
      if (redundancy === 0) return { code: 'beyond-window', values: { days: windowDays } }
      if (windowDays === 0) return { code: 'beyond-redundancy', values: { of: redundancy } }
      return { code: 'beyond-both', values: { of: redundancy, days: windowDays } }
  }
}

/** The figures of the report that the family's tools print: age in whole days, and the days that the backup is kept. */
export function reportDays(
  { backup }: Pick<BackupFate, 'backup'>,
  { windowDays }: RetentionPolicy,
  nowSeconds: number,
): { readonly ageDays: number; readonly keptDays: number } {
  const { recoverySeconds = 0, expireSeconds = 0 } = backup
  const days = (seconds: number): number => Math.max(0, Math.trunc(seconds / 86_400))
  return {
    ageDays: recoverySeconds === 0 ? 0 : days(nowSeconds - recoverySeconds),
    keptDays: days(expireSeconds > recoverySeconds ? expireSeconds - recoverySeconds : 0) || windowDays,
  }
}
