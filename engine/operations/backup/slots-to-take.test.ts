import { expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import { isTakeable, withoutDroppedSlots } from './slots-to-take.ts'

const FEED = {
  kind: 'logical',
  isTemporary: false,
  restartLsn: parseLsn('0/3000000'),
  walStatus: 'reserved',
} as const

test.each([
  ['a logical slot', {}, true],
  ['one of a server that does not tell its state', { walStatus: undefined }, true],
  ['a physical slot', { kind: 'physical' }, false],
  ['a temporary slot', { isTemporary: true }, false],
  ['a slot without a place', { restartLsn: undefined }, false],
  ['a slot that has lost its WAL', { walStatus: 'lost' }, false],
] as const)('%s is backed up when slots are asked for: %j %s', (_, change, isTaken) => {
  expect(isTakeable({ ...FEED, ...change })).toBe(isTaken)
})

test('a slot that was dropped while it was backed up leaves no directory, on which no server would start', () => {
  const entry = (path: string, externalDirNumber = 0) => ({ path, externalDirNumber })
  const kept = [
    entry('base'),
    entry('pg_replslot'),
    entry('pg_replslot/feed'),
    entry('pg_replslot/feed/state'),
    // Slots may be called like that.
    entry('pg_replslot/state'),
    entry('pg_replslot/state/state'),
    entry('pg_replslot/dropped', 1),
  ]
  expect(withoutDroppedSlots([...kept, entry('pg_replslot/dropped')])).toEqual(kept)
  expect(
    withoutDroppedSlots([...kept, entry('pg_replslot/dropped/state', 1), entry('pg_replslot/dropped')]),
  ).toEqual([...kept, entry('pg_replslot/dropped/state', 1)])
  expect(withoutDroppedSlots([entry('pg_replslot/state')])).toEqual([])
})
