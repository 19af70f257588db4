import type { SlotRecord } from '../../../engine/api/contract/slots.ts'

/** Below this a full bar would cry wolf: a few segments are nothing. */
const FULL_BAR_BYTES = 64 << 20

/** How a slot does: one that nobody uses holds WAL for ever, and wants somebody to look. */
export function slotState({ isActive, walStatus, restartLsn }: SlotRecord): {
  readonly tone: 'active' | 'look' | 'broken'
  readonly word: 'lost' | 'unreserved' | 'unused' | 'inactive' | 'active'
} {
  if (walStatus === 'lost') return { tone: 'broken', word: 'lost' }
  if (walStatus === 'unreserved') return { tone: 'look', word: 'unreserved' }
  if (isActive) return { tone: 'active', word: 'active' }
  return { tone: 'look', word: restartLsn === undefined ? 'unused' : 'inactive' }
}

/** Percent of the bar: the slot that is furthest behind fills it, if that is much. */
export function slotShare({ behindBytes = 0 }: SlotRecord, slots: readonly SlotRecord[]): number {
  const most = Math.max(FULL_BAR_BYTES, ...slots.map((slot) => slot.behindBytes ?? 0))
  return behindBytes === 0 ? 0 : Math.max(1, Math.min(100, (behindBytes / most) * 100))
}
