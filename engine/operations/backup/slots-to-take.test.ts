import { expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import { isTakeable } from './slots-to-take.ts'

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
