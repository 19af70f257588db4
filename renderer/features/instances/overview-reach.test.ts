import { describe, expect, test } from 'vitest'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import type { RecoveryZoneRecord, WalTime } from '../../../engine/api/contract/recovery.ts'
import { overviewReach } from './overview-reach.ts'

const iso = (hour: number): IsoTime => `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000000Z` as IsoTime
const at = (hour: number, isExact = true): WalTime => ({ at: iso(hour), isExact })
const zone = (from: WalTime | undefined, to: WalTime | undefined): RecoveryZoneRecord => ({
  from: '0/2000000',
  to: '0/4000000',
  fromTime: from,
  toTime: to,
  bytes: 1,
  baseId: 'F',
  baseCount: 1,
  endsBy: 'archive-end',
})
const backups = { newestRestorable: iso(4), oldestRestorable: iso(2) }

describe('what an instance can be restored to', () => {
  test('is what its backups stand for, without an archive', () => {
    expect(overviewReach(backups, [])).toEqual({
      newest: iso(4),
      oldest: iso(2),
      isExact: true,
      stretches: [],
    })
  })

  test('goes on to the end of the archive, over every timeline', () => {
    const reach = overviewReach(backups, [
      { zones: [zone(at(2), at(9, false))] },
      { zones: [zone(at(3), at(6))] },
    ])
    expect(reach).toMatchObject({ newest: '2026-11-20T09:00:00Z', oldest: iso(2), isExact: false })
    expect(reach.stretches).toHaveLength(2)
    expect(reach.stretches[0]).toEqual({ fromMs: Date.UTC(2026, 10, 20, 2), toMs: Date.UTC(2026, 10, 20, 9) })
  })

  test('does not go back where the archive ended before the newest backup', () => {
    expect(overviewReach(backups, [{ zones: [zone(at(2), at(3, false))] }])).toMatchObject({
      newest: iso(4),
      isExact: true,
    })
  })

  test('leaves out what has no time', () => {
    expect(overviewReach(backups, [{ zones: [zone(at(2), undefined)] }])).toMatchObject({
      newest: iso(4),
      stretches: [],
    })
  })
})
