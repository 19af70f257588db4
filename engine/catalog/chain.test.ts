import { array, assert, boolean, constantFrom, nat, option, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backupIdFromSeconds, parseBackupId as id } from '../base/backup-id.ts'
import { madeBackup, madeInventory, unreadableBackup } from '../testing/made-catalog.ts'
import type { Backup } from './backup.ts'
import { chainOf, chainsOf, descendantsOf } from './chain.ts'

const idsOf = (backups: readonly Backup[]): readonly string[] => backups.map((backup) => backup.id)

/** Two increments hang on the first, and one of them has a child of its own. */
const branched = madeInventory([
  madeBackup('F1', { dataBytes: 100 }),
  madeBackup('F2', { parent: 'F1', dataBytes: 10 }),
  madeBackup('F3', { parent: 'F2', dataBytes: 1, timeline: 2 }),
  madeBackup('F4', { parent: 'F1', dataBytes: 20, status: 'DONE' }),
  madeBackup('F5', { dataBytes: 100 }),
])

/** Backups numbered from 1, whose parents are numbers too: any of them, themselves and missing ones included. */
const anyBackups = array(
  record({
    parent: option(nat({ max: 14 })),
    isReadable: boolean(),
    status: constantFrom('OK', 'DONE', 'CORRUPT'),
  }),
  { maxLength: 12 },
)

function made(specs: readonly { parent: number | null; isReadable: boolean; status: string }[]) {
  return madeInventory(
    specs.map(({ parent, isReadable, status }, index) => {
      const name = backupIdFromSeconds(index + 1)
      if (!isReadable) return unreadableBackup(name)
      return madeBackup(name, {
        status: status === 'OK' || status === 'DONE' ? status : 'CORRUPT',
        ...(parent !== null && { parent: backupIdFromSeconds(parent + 1) }),
      })
    }),
  )
}

describe('a chain', () => {
  test('goes from the FULL to the backup, past the other branches', () => {
    const chain = chainOf(branched, id('F3'))
    expect(chain.kind).toBe('whole')
    expect(idsOf(chain.backups)).toEqual(['F1', 'F2', 'F3'])
    expect(idsOf(chainOf(branched, id('F4')).backups)).toEqual(['F1', 'F4'])
  })

  test('of a FULL is the FULL, even where it names a parent', () => {
    const full = madeBackup('F2', { mode: 'FULL', parent: 'F1' })
    expect(chainOf(madeInventory([full]), id('F2'))).toEqual({ kind: 'whole', backups: [full] })
  })

  test('is broken where a parent is missing, and names it', () => {
    const inventory = madeInventory([madeBackup('F3', { parent: 'F2' }), madeBackup('F2', { parent: 'F1' })])
    const chain = chainOf(inventory, id('F3'))
    expect(chain).toMatchObject({ kind: 'broken', missing: 'F1' })
    expect(idsOf(chain.backups)).toEqual(['F2', 'F3'])
  })

  test('is broken at a parent that cannot be read', () => {
    const inventory = madeInventory([unreadableBackup('F1'), madeBackup('F2', { parent: 'F1' })])
    expect(chainOf(inventory, id('F2'))).toMatchObject({ kind: 'broken', missing: undefined })
    expect(chainsOf(inventory).get(id('F2'))).toMatchObject({ fullId: undefined, isUsable: false })
  })

  test('is broken for a backup that is not there', () => {
    expect(chainOf(branched, id('F9'))).toEqual({ kind: 'broken', missing: 'F9', backups: [] })
  })

  test.each([
    ['itself', [madeBackup('F1', { parent: 'F1' })]],
    ['its child', [madeBackup('F1', { parent: 'F2' }), madeBackup('F2', { parent: 'F1' })]],
  ])('is broken where a backup is the child of %s', (_, backups) => {
    const inventory = madeInventory(backups)
    const chain = chainOf(inventory, id('F1'))
    expect(chain).toMatchObject({ kind: 'broken', missing: undefined })
    expect(chain.backups).toHaveLength(backups.length)
    expect([...chainsOf(inventory).values()].map(({ isUsable }) => isUsable)).not.toContain(true)
  })

  test('holds each backup once and hangs together, whatever the parents say', () => {
    assert(
      property(anyBackups, (specs) => {
        const inventory = made(specs)
        for (const backup of inventory.backups) {
          const { kind, backups } = chainOf(inventory, backup.id)
          expect(new Set(backups).size).toBe(backups.length)
          expect(backups.at(-1)).toBe(backup)
          for (const [index, one] of backups.entries()) {
            if (index > 0) expect(one.control?.parentId).toBe(backups[index - 1]?.id)
          }
          if (kind === 'whole') expect(backups[0]?.control?.mode).toBe('FULL')
        }
      }),
    )
  })
})

describe('the summaries of chains', () => {
  test('add up what a restore reads', () => {
    const chains = chainsOf(branched)
    expect(chains.get(id('F3'))).toEqual({
      fullId: 'F1',
      length: 3,
      isUsable: true,
      bytes: 111,
      parentTimeline: 1,
    })
    expect(chains.get(id('F4'))).toMatchObject({ length: 2, bytes: 120, isUsable: true })
    expect(chains.get(id('F5'))).toMatchObject({ fullId: 'F5', length: 1, parentTimeline: 0 })
  })

  test('call nothing usable that hangs on a damaged backup', () => {
    const chains = chainsOf(
      madeInventory([
        madeBackup('F1'),
        madeBackup('F2', { parent: 'F1', status: 'CORRUPT' }),
        madeBackup('F3', { parent: 'F2' }),
        madeBackup('F4', { parent: 'F1' }),
      ]),
    )
    expect([...chains].map(([name, { isUsable }]) => [name, isUsable])).toEqual([
      ['F1', true],
      ['F2', false],
      ['F3', false],
      ['F4', true],
    ])
  })

  test('say the same as following the parents, where parents are older', () => {
    assert(
      property(anyBackups, (specs) => {
        const inventory = made(
          specs.map((spec, index) => ({
            ...spec,
            parent: (spec.parent ?? index) < index ? spec.parent : null,
          })),
        )
        const chains = chainsOf(inventory)
        for (const backup of inventory.backups) {
          const { kind, backups } = chainOf(inventory, backup.id)
          const summary = chains.get(backup.id)
          const isWhole = kind === 'whole'
          expect(summary?.fullId).toBe(isWhole ? backups[0]?.id : undefined)
          expect(summary?.length).toBe(isWhole ? backups.length : 0)
          expect(summary?.isUsable).toBe(
            isWhole && backups.every(({ control }) => control?.status === 'OK' || control?.status === 'DONE'),
          )
        }
      }),
    )
  })
})

describe('descendants', () => {
  test('are children and their children, oldest first', () => {
    expect(idsOf(descendantsOf(branched, id('F1')))).toEqual(['F2', 'F3', 'F4'])
    expect(idsOf(descendantsOf(branched, id('F2')))).toEqual(['F3'])
    expect(descendantsOf(branched, id('F3'))).toEqual([])
  })

  test('are found where the parent itself is gone', () => {
    expect(idsOf(descendantsOf(madeInventory([madeBackup('F2', { parent: 'F1' })]), id('F1')))).toEqual([
      'F2',
    ])
  })

  test('never hold the backup itself, whatever the parents say', () => {
    assert(
      property(anyBackups, (specs) => {
        const inventory = made(specs)
        for (const backup of inventory.backups)
          expect(descendantsOf(inventory, backup.id)).not.toContain(backup)
      }),
    )
  })
})
