import { describe, expect, test } from 'vitest'
import { parseBackupId, secondsFromBackupId } from '../../base/backup-id.ts'
import type { Backup } from '../../catalog/backup.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import type { BackupControl, BackupStatus } from '../../format/backup-control.ts'
import { type MergePlan, type MergeRefusal, planMerge, requireMergePlan } from './plan.ts'

type Facts = {
  readonly id: string
  readonly parent?: string
  readonly status?: BackupStatus
  readonly into?: string
  readonly version?: string
  /** The id by its start time, where the directory has another name. */
  readonly born?: string
  readonly isStub?: boolean
  readonly crc?: number
}

/** Backups from the oldest to the newest, as an inventory has them. Without a parent it is a FULL. */
function inventory(...facts: readonly Facts[]): Inventory {
  const backups = facts.map(
    ({
      id,
      parent,
      status = 'OK',
      into,
      version = '2.5.16',
      born = id,
      isStub = false,
      crc = 1,
    }): Backup => ({
      id: parseBackupId(id),
      instance: 'main',
      directory: `/${id}`,
      problem: isStub ? 'backup.control is missing' : undefined,
      control: isStub
        ? undefined
        : ({
            mode: parent === undefined ? 'FULL' : 'DELTA',
            status,
            programVersion: version,
            blockBytes: 8192,
            walBlockBytes: 8192,
            startSeconds: secondsFromBackupId(parseBackupId(born)),
            parentId: parent === undefined ? undefined : parseBackupId(parent),
            mergeDestinationId: into === undefined ? undefined : parseBackupId(into),
            dataBytes: 10,
            contentCrc: crc,
          } as BackupControl),
    }),
  )
  return { instance: 'main', backups: backups.toReversed() } as unknown as Inventory
}

const request = (id: string) => ({ id: parseBackupId(id), newestProgramVersion: '2.5.99' })
const plan = (id: string, ...facts: readonly Facts[]): MergePlan | MergeRefusal =>
  planMerge(inventory(...facts), request(id))

const FULL = { id: 'TA0001' }
const FIRST = { id: 'TA0002', parent: 'TA0001' }
const SECOND = { id: 'TA0003', parent: 'TA0002' }
const begun = (facts: Facts): Facts => ({ ...facts, status: 'MERGING' })

describe('a merge', () => {
  test.each<{
    readonly when: string
    readonly id: string
    readonly facts: readonly Facts[]
    readonly stage: MergePlan['stage']
    readonly members: readonly string[]
    readonly into: string
  }>([
    {
      when: 'of the tip takes the whole chain',
      id: 'TA0003',
      facts: [FULL, FIRST, SECOND],
      stage: 'start',
      members: ['TA0001', 'TA0002', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'of one in the middle leaves what is newer',
      id: 'TA0002',
      facts: [FULL, FIRST, SECOND],
      stage: 'start',
      members: ['TA0001', 'TA0002'],
      into: 'TA0002',
    },
    {
      when: 'of a FULL takes its only child',
      id: 'TA0001',
      facts: [FULL, { ...FIRST, status: 'DONE' }, SECOND],
      stage: 'start',
      members: ['TA0001', 'TA0002'],
      into: 'TA0002',
    },
    {
      when: 'that only marked the FULL is resumed',
      id: 'TA0003',
      facts: [begun({ ...FULL, into: 'TA0003' }), FIRST, SECOND],
      stage: 'resume',
      members: ['TA0001', 'TA0002', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'that was begun is resumed by the name of its FULL',
      id: 'TA0001',
      facts: [begun({ ...FULL, into: 'TA0003' }), begun(FIRST), begun(SECOND)],
      stage: 'resume',
      members: ['TA0001', 'TA0002', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'whose files are merged is finished',
      id: 'TA0003',
      facts: [{ ...FULL, status: 'MERGED', into: 'TA0003' }, begun(FIRST), begun(SECOND)],
      stage: 'finish',
      members: ['TA0001', 'TA0002', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'that has deleted a parent is finished',
      id: 'TA0003',
      facts: [
        { ...FULL, status: 'MERGED', into: 'TA0003' },
        { ...SECOND, status: 'DELETING' },
      ],
      stage: 'finish',
      members: ['TA0001', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'that was deleting the destination, which has no control file any more, is finished',
      id: 'TA0003',
      facts: [
        { ...FULL, status: 'MERGED', into: 'TA0003' },
        { id: 'TA0003', isStub: true },
      ],
      stage: 'finish',
      members: ['TA0001', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'that was deleting a parent, which has no control file any more, is finished',
      id: 'TA0001',
      facts: [{ ...FULL, status: 'MERGED', into: 'TA0003' }, { id: 'TA0002', isStub: true }, begun(SECOND)],
      stage: 'finish',
      members: ['TA0001', 'TA0002', 'TA0003'],
      into: 'TA0003',
    },
    {
      when: 'whose destination is gone is finished',
      id: 'TA0003',
      facts: [{ ...FULL, status: 'MERGED', into: 'TA0003' }],
      stage: 'finish',
      members: ['TA0001'],
      into: 'TA0003',
    },
    {
      when: 'that has renamed its FULL is finished',
      id: 'TA0003',
      facts: [{ id: 'TA0003', born: 'TA0001', status: 'MERGED', into: 'TA0003' }],
      stage: 'finish',
      members: ['TA0003'],
      into: 'TA0003',
    },
    {
      when: 'that has renamed its FULL is finished by the old name',
      id: 'TA0001',
      facts: [{ id: 'TA0003', born: 'TA0001', status: 'MERGED', into: 'TA0003' }],
      stage: 'finish',
      members: ['TA0003'],
      into: 'TA0003',
    },
  ])('$when', ({ id, facts, stage, members, into }) => {
    const found = plan(id, ...facts)
    expect(found).toMatchObject({ kind: 'merge', stage, destinationId: into, fullId: members[0] })
    expect(found).toHaveProperty(
      'members',
      members.map((member) => expect.objectContaining({ id: member })),
    )
    expect(found).toHaveProperty(
      'vanishingIds',
      members.filter((member) => member !== into),
    )
  })

  test.each<{
    readonly when: string
    readonly id: string
    readonly facts: readonly Facts[]
    readonly code: MergeRefusal['code']
  }>([
    { when: 'there is no such backup', id: 'TA0009', facts: [FULL], code: 'backup.not-found' },
    { when: 'a FULL has nothing on it', id: 'TA0001', facts: [FULL], code: 'plan.refused' },
    {
      when: 'a FULL has two children',
      id: 'TA0001',
      facts: [FULL, FIRST, { id: 'TA0004', parent: 'TA0001' }],
      code: 'plan.refused',
    },
    {
      when: 'the only child of a FULL is not usable',
      id: 'TA0001',
      facts: [FULL, { ...FIRST, status: 'CORRUPT' }],
      code: 'backup.not-restorable',
    },
    {
      when: 'the control file cannot be read',
      id: 'TA0002',
      facts: [FULL, { id: 'TA0002', isStub: true }],
      code: 'backup.not-restorable',
    },
    ...(['RUNNING', 'ERROR', 'CORRUPT', 'ORPHAN'] as const).map((status) => ({
      when: `the increment is ${status}`,
      id: 'TA0002',
      facts: [FULL, { ...FIRST, status }],
      code: 'backup.not-restorable' as const,
    })),
    ...(['RUNNING', 'ERROR', 'CORRUPT', 'ORPHAN', 'DELETING'] as const).map((status) => ({
      when: `one on the way is ${status}`,
      id: 'TA0003',
      facts: [FULL, { ...FIRST, status }, SECOND],
      code: 'backup.not-restorable' as const,
    })),
    {
      when: 'the FULL is being deleted',
      id: 'TA0001',
      facts: [{ ...FULL, status: 'DELETING' }, FIRST],
      code: 'backup.not-restorable',
    },
    { when: 'a parent is missing', id: 'TA0003', facts: [FULL, SECOND], code: 'backup.chain-broken' },
    {
      when: 'a parent is missing in the middle of a merge',
      id: 'TA0003',
      facts: [begun({ ...FULL, into: 'TA0003' }), begun(SECOND)],
      code: 'backup.chain-broken',
    },
    {
      when: 'the destination of a merge that was begun is gone',
      id: 'TA0001',
      facts: [begun({ ...FULL, into: 'TA0003' }), begun(FIRST)],
      code: 'backup.chain-broken',
    },
    {
      when: 'the FULL is being merged with another',
      id: 'TA0002',
      facts: [begun({ ...FULL, into: 'TA0003' }), begun(FIRST), begun(SECOND)],
      code: 'plan.refused',
    },
    {
      when: 'a member is of a newer version',
      id: 'TA0002',
      facts: [FULL, { ...FIRST, version: '2.6.0' }],
      code: 'catalog.newer-version',
    },
    {
      when: 'a member is too old',
      id: 'TA0002',
      facts: [{ ...FULL, version: '2.0.24' }, FIRST],
      code: 'plan.refused',
    },
  ])('is refused when $when', ({ id, facts, code }) => {
    expect(plan(id, ...facts)).toMatchObject({ kind: 'refused', code })
    expect(() => requireMergePlan(inventory(...facts), request(id))).toThrowError(
      expect.objectContaining({ code }),
    )
  })

  test('names the branches that lose their parent, and not what hangs on the destination', () => {
    const branch = [
      { id: 'TA0004', parent: 'TA0001' },
      { id: 'TA0005', parent: 'TA0004' },
      { id: 'TA0006', parent: 'TA0002', status: 'ERROR' },
    ] as const
    const found = plan('TA0003', FULL, FIRST, SECOND, ...branch, { id: 'TA0007', parent: 'TA0003' })
    expect(found).toHaveProperty('orphanedIds', ['TA0004', 'TA0005'])
  })

  test('has another hash when anything that it depends on has changed', () => {
    const hashes = [
      plan('TA0003', FULL, FIRST, SECOND),
      plan('TA0002', FULL, FIRST, SECOND),
      plan('TA0003', FULL, { ...FIRST, status: 'DONE' }, SECOND),
      plan('TA0003', FULL, { ...FIRST, crc: 2 }, SECOND),
      plan('TA0003', FULL, FIRST, SECOND, { id: 'TA0004', parent: 'TA0002' }),
    ].map((found) => (found.kind === 'merge' ? found.hash : ''))
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(plan('TA0003', FULL, FIRST, SECOND)).toHaveProperty('hash', hashes[0])
  })
})
