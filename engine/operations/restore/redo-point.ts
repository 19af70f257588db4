import { LSN_NONE, type Lsn } from '../../base/lsn.ts'
import type { Timeline } from '../../base/wal-segment.ts'
import type { ControlFile } from '../../format/control-file.ts'
import { switchPoint, type TimelineHistory } from '../../format/timeline-history.ts'
import type { ReadableBackup } from '../steps/chain-file.ts'

/** From where on a directory may be ahead of its log, and on which timeline. */
export type RedoPoint = { readonly lsn: Lsn; readonly timeline: Timeline }

/** The earliest of what the control file names. Source: `catalog-format.md` section 10.4. */
export function redoPoint(control: ControlFile): RedoPoint {
  let point: RedoPoint = { lsn: control.redoLsn, timeline: control.timeline }
  if (control.minRecoveryPoint !== LSN_NONE && control.minRecoveryPoint < point.lsn)
    point = { lsn: control.minRecoveryPoint, timeline: control.minRecoveryPointTimeline }
  if (control.backupStartPoint !== LSN_NONE && control.backupStartPoint < point.lsn)
    point = { ...point, lsn: control.backupStartPoint }
  return point
}

type Shift =
  | { readonly kind: 'found'; readonly backup: ReadableBackup }
  /** No backup of the chain is as old as the directory. */
  | { readonly kind: 'out-of-reach' }
  /** Some are, but not on a timeline that the directory has been through. */
  | { readonly kind: 'other-timeline' }

/**
 * The newest backup of a chain that a directory has been through: up to its stop LSN both have the same history. Pure.
 *
 * A timeline that the directory left must reach as far as the backup; and where directory and archive disagree about a
 * timeline, the number is all that the two have in common. Source: `catalog-format.md` section 10.4, which asks for less.
 */
export function findShift(
  chain: readonly ReadableBackup[],
  redo: RedoPoint,
  histories: {
    readonly own: TimelineHistory | undefined
    readonly archived: TimelineHistory | undefined
  },
): Shift {
  const { own, archived } = histories
  const isSameTimeline = own === undefined || archived === undefined || areSame(own, archived)
  const history = own ?? archived ?? []
  let isAnyOlder = false
  for (const backup of chain) {
    const { stopLsn, timeline } = backup.control
    if (stopLsn === LSN_NONE || stopLsn >= redo.lsn) continue
    isAnyOlder = true
    const left = switchPoint(history, timeline)
    const isThrough = timeline === redo.timeline ? isSameTimeline : left !== undefined && stopLsn <= left
    if (isThrough) return { kind: 'found', backup }
  }
  return { kind: isAnyOlder ? 'other-timeline' : 'out-of-reach' }
}

function areSame(a: TimelineHistory, b: TimelineHistory): boolean {
  const text = (history: TimelineHistory): string =>
    history.map(({ timeline, switchLsn }) => `${timeline}:${switchLsn}`).join()
  return text(a) === text(b)
}
