import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import { madeBackup } from '../../testing/made-catalog.ts'
import { findShift } from './redo-point.ts'

/** Newest first, as `<stop LSN>@<timeline>`. */
const chain = (...backups: readonly string[]) =>
  backups.map((text, index) => {
    const [stop = '', timeline = ''] = text.split('@')
    return madeBackup(`F${9 - index}`, { stopLsn: parseLsn(stop), timeline: Number(timeline) })
  })

/** The ancestors of a timeline as `<timeline>:<where it was left>`. */
const history = (...entries: readonly string[]): TimelineHistory =>
  entries.map((text) => {
    const [timeline = '', left = ''] = text.split(':')
    return { timeline: Number(timeline), switchLsn: parseLsn(left), reason: '' }
  })

const redo = (text: string) => {
  const [lsn = '', timeline = ''] = text.split('@')
  return { lsn: parseLsn(lsn), timeline: Number(timeline) }
}

describe('where a directory and a chain part', () => {
  test.each<{
    readonly name: string
    readonly backups: readonly string[]
    readonly redo: string
    readonly own?: TimelineHistory
    readonly archived?: TimelineHistory
    readonly found: string
  }>([
    {
      name: 'is at the newest backup before the redo point (the example of the format)',
      backups: ['0/6000@1', '0/4000@1', '0/3000@1', '0/2000@1'],
      redo: '0/4800@1',
      found: 'F8',
    },
    {
      name: 'is not where it stops itself',
      backups: ['0/4800@1', '0/2000@1'],
      redo: '0/4800@1',
      found: 'F8',
    },
    {
      name: 'is nowhere when it is older than all',
      backups: ['0/6000@1'],
      redo: '0/4800@1',
      found: 'out-of-reach',
    },
    {
      name: 'is on a timeline that it left later',
      backups: ['0/3000@1'],
      redo: '0/9000@2',
      own: history('1:0/5000'),
      found: 'F9',
    },
    {
      name: 'is known from the archive too',
      backups: ['0/3000@1'],
      redo: '0/9000@2',
      archived: history('1:0/5000'),
      found: 'F9',
    },
    {
      name: 'is not beyond the point where it left that timeline',
      backups: ['0/7000@1', '0/3000@1'],
      redo: '0/9000@2',
      own: history('1:0/5000'),
      found: 'F8',
    },
    {
      name: 'is nowhere when all of them are beyond it',
      backups: ['0/7000@1'],
      redo: '0/9000@2',
      own: history('1:0/5000'),
      found: 'other-timeline',
    },
    {
      name: 'is nowhere on another timeline without a history',
      backups: ['0/3000@1'],
      redo: '0/9000@2',
      found: 'other-timeline',
    },
    {
      name: 'is before a switch that the chain followed and the directory did not',
      backups: ['0/8000@2', '0/3000@1'],
      redo: '0/9000@1',
      found: 'F8',
    },
    {
      name: 'is not on a timeline that has the number only',
      backups: ['0/8000@2', '0/3000@1'],
      redo: '0/9000@2',
      own: history('1:0/4000'),
      archived: history('1:0/7000'),
      found: 'F8',
    },
    {
      name: 'is not at a backup without a stop',
      backups: ['0/0@1'],
      redo: '0/9000@1',
      found: 'out-of-reach',
    },
  ])('$name', (one) => {
    const shift = findShift(chain(...one.backups), redo(one.redo), { own: one.own, archived: one.archived })
    expect(shift.kind === 'found' ? shift.backup.id : shift.kind).toBe(one.found)
  })
})
