import { describe, expect, test } from 'vitest'
import type { IsoTime } from '../../base/iso-time.ts'
import { parseLsn } from '../../base/lsn.ts'
import type { NewestBackup } from '../../catalog/slots-before.ts'
import type { ReplicationSlot } from '../../server/postgres/replication-slots.ts'
import { IDLE_SLOT } from '../../testing/made-slot.ts'
import { describeIdleSlot, idleLogicalSlots } from './idle-slots.ts'

const SEGMENT_BYTES = 1 << 20
const NEWEST = { id: 'TOTTEK', startLsn: parseLsn('0/4000028') } as NewestBackup

const slot = (change: Partial<ReplicationSlot>): ReplicationSlot => ({
  ...IDLE_SLOT,
  behindBytes: SEGMENT_BYTES,
  inactiveSince: '2026-11-20T10:00:00.000Z' as IsoTime,
  ...change,
})

describe('logical slots that nobody uses', () => {
  test.each<[string, Partial<ReplicationSlot>]>([
    ['is in use', { isActive: true }],
    ['is physical', { kind: 'physical' }],
    ['holds no more than the segment that is being written', { behindBytes: SEGMENT_BYTES - 1 }],
    ['has lost its WAL', { restartLsn: undefined, behindBytes: undefined, walStatus: 'lost' }],
  ])('one that %s is none of them', (_, change) => {
    expect(idleLogicalSlots([slot(change)], SEGMENT_BYTES, NEWEST)).toEqual([])
  })

  test('are named with what they hold', () => {
    const found = idleLogicalSlots(
      [slot({}), slot({ name: 'new', restartLsn: parseLsn('0/4000028'), inactiveSince: undefined })],
      SEGMENT_BYTES,
      NEWEST,
    )
    expect(found.map(({ name, isBeforeNewest }) => ({ name, isBeforeNewest }))).toEqual([
      { name: 'feed', isBeforeNewest: true },
      { name: 'new', isBeforeNewest: false },
    ])
    expect(found.map(describeIdleSlot)).toEqual([
      'nobody uses the logical replication slot "feed" of database "shop" since 2026-11-20T10:00:00.000Z: it makes the server keep 1048576 bytes of WAL, from 0/3000000 on, which is before the newest backup starts. Drop it if nobody will use it again',
      'nobody uses the logical replication slot "new" of database "shop": it makes the server keep 1048576 bytes of WAL, from 0/4000028 on. Drop it if nobody will use it again',
    ])
  })

  test('are older than no backup where there is none', () => {
    expect(idleLogicalSlots([slot({})], SEGMENT_BYTES, undefined)).toMatchObject([{ isBeforeNewest: false }])
  })
})
