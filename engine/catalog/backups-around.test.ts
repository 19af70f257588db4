import { describe, expect, test } from 'vitest'
import { lsnFromBigint } from '../base/lsn.ts'
import { madeBackup, madeInventory } from '../testing/made-catalog.ts'
import { backupsAround } from './backups-around.ts'
import type { TimelineNode } from './recovery-timelines.ts'

const lsn = lsnFromBigint
const span = (start: bigint, stop: bigint) => ({ startLsn: lsn(start), stopLsn: lsn(stop) })
const node = (timeline: number, path: TimelineNode['path']): TimelineNode => ({
  timeline,
  parent: undefined,
  switchLsn: undefined,
  hasHistory: true,
  path,
})
/** Timeline 2 left 1 at 500, timeline 3 at 300. */
const tree = [
  node(1, [{ timeline: 1, begin: lsn(0n), end: undefined }]),
  node(2, [
    { timeline: 1, begin: lsn(0n), end: lsn(500n) },
    { timeline: 2, begin: lsn(500n), end: undefined },
  ]),
  node(3, [
    { timeline: 1, begin: lsn(0n), end: lsn(300n) },
    { timeline: 3, begin: lsn(300n), end: undefined },
  ]),
]

const inventory = madeInventory([
  madeBackup('F1', span(100n, 110n)),
  madeBackup('F2', { parent: 'F1', ...span(200n, 210n) }),
  madeBackup('F3', { ...span(400n, 410n), status: 'CORRUPT' }),
  madeBackup('F4', { parent: 'F3', ...span(420n, 430n) }),
  madeBackup('F5', { ...span(440n, 460n) }),
  madeBackup('F6', { ...span(600n, 610n), timeline: 2 }),
  madeBackup('F7', { ...span(620n, 630n), timeline: 3 }),
])

const around = (timeline: number, at: bigint) => {
  const { before, after } = backupsAround(inventory, tree, { timeline, lsn: lsn(at) })
  return [before.map(({ id }) => id), after.map(({ id }) => id)]
}

describe('the backups around a moment', () => {
  test('had ended before it, the last one first, or began after it, without those that are no use', () => {
    expect(around(1, 250n)).toEqual([
      ['F2', 'F1'],
      ['F5', 'F6', 'F7'],
    ])
    expect(around(1, 50n)).toEqual([[], ['F1', 'F2', 'F5', 'F6', 'F7']])
  })

  test('do not have one among them that was just being taken', () => {
    expect(around(1, 450n)).toEqual([['F2', 'F1'], ['F6']])
  })

  test('are on the way of its timeline', () => {
    expect(around(3, 550n)).toEqual([['F2', 'F1'], ['F7']])
    expect(around(2, 700n)).toEqual([['F6', 'F5', 'F2', 'F1'], []])
    // What timeline 1 wrote after it was left is on no other way.
    expect(around(1, 550n)).toEqual([['F5', 'F2', 'F1'], []])
  })
})
