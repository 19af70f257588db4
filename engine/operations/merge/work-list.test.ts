import { describe, expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import type { SourcePage, SourcePages } from './source-pages.ts'
import { type Member, planMergeWork } from './work-list.ts'
import { findOwners } from './write-pages.ts'

function member(id: string, entries: readonly ContentEntry[], control: Partial<BackupControl> = {}): Member {
  const whole = { compressAlgorithm: 'zlib', programVersion: '2.5.16', ...control } as BackupControl
  const backup = {
    id: parseBackupId(id),
    instance: 'main',
    directory: `/${id}`,
    control: whole,
    problem: undefined,
  }
  return { backup, control: whole, entries }
}

function relation(sizeBytes: number, blockCount: number, changes: Partial<ContentEntry> = {}): ContentEntry {
  return {
    path: 'base/5/1255',
    sizeBytes,
    mode: 0o100600,
    isDataFile: true,
    isCfs: false,
    crc: 7,
    compressAlgorithm: 'zlib',
    externalDirNumber: 0,
    databaseOid: 5,
    fullBytes: blockCount * 8192,
    segmentNumber: 0,
    linkTarget: undefined,
    blockCount,
    headers: sizeBytes > 0 ? { headerCount: blockCount, crc: 1, offset: 0, sizeBytes: 30 } : undefined,
    ...changes,
  }
}

const text = (sizeBytes: number, crc = 7): ContentEntry =>
  relation(sizeBytes, 0, {
    path: 'base/5/PG_VERSION',
    isDataFile: false,
    fullBytes: 3,
    crc,
    headers: undefined,
  })

describe('the work of a merge', () => {
  test('leaves a relation where it is that no increment has changed', () => {
    const chain = [
      member('C', [relation(-1, 4)]),
      member('B', [relation(-1, 4)]),
      member('A', [relation(90, 4)]),
    ]
    const { staying, files } = planMergeWork(chain, false)
    expect(staying).toMatchObject([{ path: 'base/5/1255', sizeBytes: 90, crc: 7 }])
    expect(files).toEqual([])
  })

  test.each<{ readonly when: string; readonly chain: readonly Member[]; readonly isResumed?: boolean }>([
    {
      when: 'it has another length',
      chain: [member('B', [relation(-1, 3)]), member('A', [relation(90, 4)])],
    },
    {
      when: 'the destination compresses otherwise',
      chain: [member('B', [relation(-1, 4)], { compressAlgorithm: 'none' }), member('A', [relation(90, 4)])],
    },
    {
      when: 'a member is of an old version',
      chain: [member('B', [relation(-1, 4)]), member('A', [relation(90, 4)], { programVersion: '2.4.3' })],
    },
    {
      when: 'an earlier merge was broken off',
      chain: [member('B', [relation(-1, 4)]), member('A', [relation(90, 4)])],
      isResumed: true,
    },
  ])('looks into an unchanged relation when $when', ({ chain, isResumed = false }) => {
    const { staying, files } = planMergeWork(chain, isResumed)
    expect(staying).toEqual([])
    expect(files).toMatchObject([{ file: { isPaged: true, sources: [{ isFull: true }] } }])
  })

  test('takes of a plain file the newest version that is stored', () => {
    const chain = [member('C', [text(-1, 9)]), member('B', [text(3, 9)]), member('A', [text(3, 8)])]
    const { files, settled } = planMergeWork(chain, false)
    expect(files).toMatchObject([{ file: { sources: [{ backupId: 'B', isFull: false, crc: 9 }] } }])
    expect(settled).toEqual([])
    expect(planMergeWork([member('B', [text(-1)]), member('A', [text(3)])], false)).toMatchObject({
      files: [],
      settled: [{ path: 'base/5/PG_VERSION', sizeBytes: 3, crc: 7 }],
    })
  })

  test('knows that what was cut off does not come back when the relation grows again', () => {
    const chain = [
      member('C', [relation(20, 6)]),
      member('B', [relation(-1, 2)]),
      member('A', [relation(90, 6)]),
    ]
    const sources = planMergeWork(chain, false).files[0]?.file.sources
    expect(sources?.map(({ backupId, blockLimit }) => [backupId, blockLimit])).toEqual([
      ['C', Number.POSITIVE_INFINITY],
      ['A', 2],
    ])
  })

  test('refuses a list that leads out of the backup', () => {
    const chain = [member('B', [text(3), { ...text(3), path: '../../etc/passwd' }]), member('A', [text(3)])]
    expect(() => planMergeWork(chain, false)).toThrowError(
      expect.objectContaining({ code: 'backup.damaged' }),
    )
  })
})

test('each block is taken from the newest version that has it and was not cut off since', () => {
  const pages = (blocks: readonly number[], blockLimit: number): SourcePages =>
    ({
      source: { blockLimit },
      pages: blocks.map((block) => ({ block }) as SourcePage),
    }) as unknown as SourcePages
  const file = { blockCount: 6 } as Parameters<typeof findOwners>[0]
  const owners = findOwners(file, [
    pages([1, 5, 7], Number.POSITIVE_INFINITY),
    pages([0, 1], 4),
    pages([0, 1, 2, 3, 4, 5], 3),
  ])
  expect([...owners.source]).toEqual([1, 0, 2, -1, -1, 0])
  expect([...owners.record].filter((_, block) => owners.source[block] !== -1)).toEqual([0, 0, 2, 1])
})
