import { expect, test } from 'vitest'
import type { SlotRecord } from '../../../engine/api/contract/slots.ts'
import { parseLsn } from '../../../engine/base/lsn.ts'
import { slotShare, slotState } from './slot-state.ts'

const slot = (change: Partial<SlotRecord>): SlotRecord => ({
  name: 'one',
  kind: 'physical',
  plugin: undefined,
  database: undefined,
  isActive: true,
  isTemporary: false,
  client: undefined,
  activePid: undefined,
  restartLsn: parseLsn('0/3000000'),
  behindBytes: 0,
  walStatus: 'reserved',
  safeWalBytes: undefined,
  inactiveSince: undefined,
  xidAge: undefined,
  isOfReceiver: false,
  isBeforeNewest: false,
  ...change,
})

test.each([
  [{}, 'active', 'active'],
  [{ walStatus: undefined }, 'active', 'active'],
  [{ walStatus: 'extended' }, 'active', 'active'],
  [{ isActive: false }, 'look', 'inactive'],
  [{ isActive: false, restartLsn: undefined }, 'look', 'unused'],
  [{ walStatus: 'unreserved' }, 'look', 'unreserved'],
  [{ isActive: false, walStatus: 'lost', restartLsn: undefined }, 'broken', 'lost'],
] as const)('a slot %j is %s: %s', (change, tone, word) => {
  expect(slotState(slot(change))).toEqual({ tone, word })
})

test('bars are full at 64 MiB, or at the slot that is furthest behind', () => {
  const mib = (count: number): SlotRecord => slot({ behindBytes: count * 2 ** 20 })
  const shares = (...slots: readonly SlotRecord[]) => slots.map((one) => Math.round(slotShare(one, slots)))
  expect(shares(mib(0), mib(32), slot({ behindBytes: undefined }))).toEqual([0, 50, 0])
  expect(shares(mib(1024), mib(512), slot({ behindBytes: 1 }))).toEqual([100, 50, 1])
})
