import { expect, test } from 'vitest'
import { arrangeWalArchive } from '../catalog/wal-archive.ts'
import { planRetention } from '../operations/retention/plan.ts'
import { madeBackup, madeInventory } from '../testing/made-catalog.ts'
import { retentionPlanRecord } from './retention-records.ts'

const SEGMENT_BYTES = 16 << 20
const DAY = 86_400

test('a brief answer is the same plan without the verdicts', () => {
  const old = madeBackup('TOIQS0', { dataBytes: 5 })
  const inventory = madeInventory([madeBackup('TOKQS0', { dataBytes: 7 }), old])
  const plan = planRetention(
    {
      inventory,
      archive: arrangeWalArchive('/backup/wal/main', SEGMENT_BYTES, [], new Map()),
      planMerge: () => ({ kind: 'refused', code: 'none', message: 'nothing is merged here' }),
    },
    {
      policy: { redundancy: 1, windowDays: 0, walDepth: 0 },
      rule: { kind: 'probackup' },
      nowSeconds: (old.control.startSeconds ?? 0) + 9 * DAY,
      deletesExpired: true,
      mergesExpired: false,
      purgesWal: false,
    },
  )
  const whole = retentionPlanRecord(plan, inventory, SEGMENT_BYTES, false)
  expect(whole.backups.map(({ id, verdict }) => [id, verdict])).toEqual([
    ['TOKQS0', 'kept'],
    ['TOIQS0', 'will-go'],
  ])
  expect(retentionPlanRecord(plan, inventory, SEGMENT_BYTES, true)).toEqual({ ...whole, backups: [] })
})
