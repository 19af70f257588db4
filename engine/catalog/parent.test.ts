import { describe, expect, test } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { parseLsn } from '../base/lsn.ts'
import type { BackupControl, BackupStatus } from '../format/backup-control.ts'
import type { Backup } from './backup.ts'
import { chooseParent } from './parent.ts'

type Facts = {
  readonly id: string
  readonly mode?: BackupControl['mode']
  readonly parent?: string
  readonly status?: BackupStatus
  readonly timeline?: number
  readonly stop?: string
}

/** Backups from the oldest to the newest, as an inventory has them. */
function inventory(...facts: readonly Facts[]) {
  const backups = facts.map(
    ({ id, mode = 'FULL', parent, status = 'OK', timeline = 1, stop = '0/1000' }): Backup => ({
      id: parseBackupId(id),
      instance: 'main',
      directory: `/${id}`,
      problem: undefined,
      control: {
        mode,
        status,
        timeline,
        stopLsn: parseLsn(stop),
        parentId: parent === undefined ? undefined : parseBackupId(parent),
      } as BackupControl,
    }),
  )
  return { backups: backups.toReversed() }
}

describe('the parent of an increment', () => {
  test('is the newest usable backup of the newest FULL', () => {
    const found = chooseParent(
      inventory(
        { id: 'TA0001' },
        { id: 'TA0002' },
        { id: 'TA0003', mode: 'DELTA', parent: 'TA0002' },
        { id: 'TA0004', mode: 'DELTA', parent: 'TA0001' },
      ),
      1,
      [],
    )
    expect(found?.id).toBe('TA0003')
  })

  test('is not one that is broken, nor one that hangs on something broken', () => {
    const found = chooseParent(
      inventory(
        { id: 'TA0001' },
        { id: 'TA0002', mode: 'DELTA', parent: 'TA0001' },
        { id: 'TA0003', mode: 'DELTA', parent: 'TA0002', status: 'CORRUPT' },
        { id: 'TA0004', mode: 'DELTA', parent: 'TA0003' },
        { id: 'TA0005', status: 'ERROR' },
      ),
      1,
      [],
    )
    expect(found?.id).toBe('TA0002')
  })

  test('is missing when there is no usable FULL on the path of the timeline', () => {
    expect(chooseParent(inventory(), 1, [])).toBeUndefined()
    expect(chooseParent(inventory({ id: 'TA0001', status: 'CORRUPT' }), 1, [])).toBeUndefined()
    expect(chooseParent(inventory({ id: 'TA0001', timeline: 2 }), 1, [])).toBeUndefined()
  })

  test('may lie on the timeline before, up to where it was left', () => {
    const history = [{ timeline: 1, switchLsn: parseLsn('0/5000'), reason: 'promoted' }]
    const early = { id: 'TA0001', stop: '0/2000' }
    const late = { id: 'TA0002', stop: '0/6000' }
    expect(chooseParent(inventory(early, late), 2, history)?.id).toBe('TA0001')
    expect(chooseParent(inventory(late), 2, history)).toBeUndefined()
    const own = { id: 'TA0003', mode: 'DELTA', parent: 'TA0001', timeline: 2, stop: '0/7000' } as const
    expect(chooseParent(inventory(early, late, own), 2, history)?.id).toBe('TA0003')
  })
})
