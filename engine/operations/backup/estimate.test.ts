import { describe, expect, test } from 'vitest'
import { parseBackupId, secondsFromBackupId } from '../../base/backup-id.ts'
import type { Figure } from '../../base/figures.ts'
import { type MadeBackup, madeBackup } from '../../testing/made-catalog.ts'
import { type EstimateFacts, estimateModes } from './estimate.ts'

const MIB = 1024 * 1024
const startOf = (name: string): number => secondsFromBackupId(parseBackupId(name))

/** A FULL of 100 MiB that became 40 MiB and took 20 s. */
const full = (name: string, given: MadeBackup = {}) =>
  madeBackup(name, {
    compressAlgorithm: 'zlib',
    pgdataBytes: 100 * MIB,
    uncompressedBytes: 100 * MIB,
    dataBytes: 40 * MIB,
    endSeconds: startOf(name) + 20,
    ...given,
  })

/** An increment that stored 4 MiB in 10 s. */
const increment = (name: string, parent: string, given: MadeBackup = {}) =>
  full(name, { parent, dataBytes: 4 * MIB, endSeconds: startOf(name) + 10, ...given })

/** A cluster of 200 MiB now, twice as big as in the made backups; `backups` are newest first. */
function facts(backups: EstimateFacts['backups'], given: Partial<EstimateFacts> = {}): EstimateFacts {
  const [newest] = backups
  return {
    nowSeconds: (newest?.control?.startSeconds ?? 0) + 100,
    compression: { algorithm: 'zlib', level: 1 },
    backups,
    parent: newest?.control === undefined ? undefined : { ...newest, control: newest.control },
    cluster: { bytes: 200 * MIB, others: undefined, basis: { kind: 'listed' } },
    walBytes: undefined,
    changedBlocks: undefined,
    ...given,
  }
}

const bytesOf = (figure: Figure): readonly number[] =>
  figure.kind === 'about' ? [figure.low / MIB, figure.high / MIB] : []

describe('with no history', () => {
  const { FULL, DELTA, PAGE, PTRACK } = estimateModes(facts([]))

  test('a FULL reads what is there, and how much less it stores is not known', () => {
    expect(FULL.readBytes).toEqual({
      kind: 'about',
      low: 200 * MIB,
      high: 200 * MIB,
      bases: [{ kind: 'listed' }],
    })
    // Pages that do not get smaller are stored with eight bytes of header each.
    expect(FULL.storedBytes).toEqual({
      kind: 'at-most',
      high: 200 * MIB + (200 * MIB * 8) / 8192,
      bases: [{ kind: 'listed' }],
    })
  })

  test('no time is made up for any mode', () => {
    expect([FULL, DELTA, PAGE, PTRACK].map(({ seconds }) => seconds.kind)).toEqual(
      Array.from({ length: 4 }, () => 'unknown'),
    )
  })

  test('a FULL that is not compressed stores about what it reads', () => {
    const plain = estimateModes(facts([], { compression: { algorithm: 'none', level: 1 } }))
    expect(bytesOf(plain.FULL.storedBytes)).toEqual([200, 200])
  })

  test('nothing at all is known of a cluster whose size is not known', () => {
    const { FULL: unknown } = estimateModes(facts([], { cluster: undefined }))
    expect(unknown.readBytes).toEqual({ kind: 'unknown' })
    expect(unknown.storedBytes).toEqual({ kind: 'unknown' })
  })
})

describe('a FULL', () => {
  test('is compressed as the last three were, from the best to the worst of them', () => {
    const { FULL } = estimateModes(
      facts([
        full('TOIQS3', { dataBytes: 30 * MIB }),
        full('TOIQS2', { dataBytes: 50 * MIB }),
        full('TOIQS1'),
        full('TOIQS0', { dataBytes: 99 * MIB }),
      ]),
    )
    expect(bytesOf(FULL.storedBytes)).toEqual([60, 100])
    expect(FULL.storedBytes).toMatchObject({
      bases: [{ kind: 'listed' }, { kind: 'compression', count: 3 }],
    })
  })

  test('takes between as long as before and as much longer as the cluster has grown', () => {
    const { FULL } = estimateModes(facts([full('TOIQS0')]))
    expect(FULL.seconds).toEqual({
      kind: 'about',
      low: 20,
      high: 40,
      bases: [{ kind: 'durations', mode: 'FULL', count: 1 }],
    })
  })

  test.each<[string, MadeBackup]>([
    ['that failed', { status: 'ERROR' }],
    ['that was merged into', { mergeSeconds: 1 }],
    ['of another compression', { compressAlgorithm: 'pglz' }],
    ['of another level', { compressLevel: 9 }],
    ['that has no end', { endSeconds: undefined }],
    ['that ended before it began', { endSeconds: startOf('TOIQS0') - 1 }],
  ])('does not take its time from one %s', (_what, given) => {
    expect(estimateModes(facts([full('TOIQS0', given)])).FULL.seconds).toEqual({ kind: 'unknown' })
  })

  test('does not care for the level of an algorithm that has none', () => {
    const pglz = { compressAlgorithm: 'pglz', compressLevel: 5 } as const
    const made = facts([full('TOIQS0', pglz)], { compression: { algorithm: 'pglz', level: 1 } })
    expect(estimateModes(made).FULL.seconds.kind).toBe('about')
  })
})

describe('an increment', () => {
  test('stores at most the cluster when there has been none yet', () => {
    const { DELTA } = estimateModes(facts([full('TOIQS0')]))
    expect(bytesOf(DELTA.readBytes)).toEqual([200, 200])
    expect(DELTA.storedBytes).toMatchObject({ kind: 'at-most', bases: [{ kind: 'listed' }] })
    expect(DELTA.seconds).toEqual({ kind: 'unknown' })
  })

  test('stores what the last one did, and no more than that for each second since the parent', () => {
    // 36 s lie between the two; the parent began 100 s ago, or 9 s ago.
    const backups = [increment('TOIQT0', 'TOIQS0'), full('TOIQS0')]
    const later = estimateModes(facts(backups))
    const [low, high] = bytesOf(later.DELTA.storedBytes)
    expect(low).toBeCloseTo(4)
    expect(high).toBeCloseTo((4 * 100) / 36)
    expect(later.DELTA.storedBytes).toMatchObject({
      bases: [
        { kind: 'changes', mode: 'DELTA', count: 1 },
        { kind: 'compression', count: 1 },
      ],
    })
    const soon = estimateModes(facts(backups, { nowSeconds: startOf('TOIQT0') + 9 }))
    expect(bytesOf(soon.DELTA.storedBytes)).toEqual([1, 4])
  })

  test('never stores more than the cluster has', () => {
    const backups = [increment('TOIQT0', 'TOIQS0', { dataBytes: 39 * MIB }), full('TOIQS0')]
    const { DELTA } = estimateModes(facts(backups, { nowSeconds: startOf('TOIQT0') + 1_000_000 }))
    expect(bytesOf(DELTA.storedBytes)[1]).toBe(80)
  })

  test('goes by its own mode, and by the others where there is none of its own', () => {
    const backups = [
      increment('TOIQU0', 'TOIQT0', { mode: 'PAGE' }),
      increment('TOIQT0', 'TOIQS0'),
      full('TOIQS0'),
    ]
    const { DELTA, PTRACK } = estimateModes(facts(backups))
    expect(DELTA.storedBytes).toMatchObject({ bases: [{ mode: 'DELTA', count: 1 }, {}] })
    expect(PTRACK.storedBytes).toMatchObject({ bases: [{ mode: undefined, count: 2 }, {}] })
    expect(PTRACK.seconds).toEqual({ kind: 'unknown' })
  })

  test('of another compression counts with what the FULL backups of both say', () => {
    const backups = [
      full('TOIQU0', { compressAlgorithm: 'pglz', dataBytes: 80 * MIB }),
      increment('TOIQT0', 'TOIQS0'),
      full('TOIQS0'),
    ]
    const { DELTA } = estimateModes(
      facts(backups, {
        compression: { algorithm: 'pglz', level: 1 },
        nowSeconds: startOf('TOIQU0') + 36,
      }),
    )
    expect(bytesOf(DELTA.storedBytes)).toEqual([8, 8])
  })

  test('whose changes the server has counted goes by that, with the other files that have changed', () => {
    const { PTRACK, DELTA } = estimateModes(
      facts([increment('TOIQT0', 'TOIQS0'), full('TOIQS0')], {
        changedBlocks: 1280,
        cluster: {
          bytes: 200 * MIB,
          others: { bytes: 6 * MIB, changedBytes: 5 * MIB },
          basis: { kind: 'listed' },
        },
      }),
    )
    expect(bytesOf(PTRACK.readBytes)).toEqual([16, 16])
    // Whether those pages can be compressed as well as all others is not known.
    expect(bytesOf(PTRACK.storedBytes)).toEqual([9, 15])
    expect(bytesOf(DELTA.storedBytes)).toEqual([9, 15])
    expect(bytesOf(DELTA.readBytes)).toEqual([200, 200])
    expect(PTRACK.readBytes).toMatchObject({ bases: [{ kind: 'counted' }] })
  })

  test('whose changes were counted stores at most those where nothing was compressed like that yet', () => {
    const compression = { algorithm: 'pglz', level: 1 } as const
    const { PTRACK } = estimateModes(facts([full('TOIQS0')], { changedBlocks: 1024, compression }))
    expect(PTRACK.storedBytes).toEqual({
      kind: 'at-most',
      high: 1024 * (8192 + 8),
      bases: [{ kind: 'counted' }],
    })
  })

  test('by WAL reads that first, and is not known where that is not', () => {
    const backups = [full('TOIQS0')]
    const { PAGE } = estimateModes(facts(backups, { walBytes: 32 * MIB, changedBlocks: 128 }))
    expect(bytesOf(PAGE.readBytes)).toEqual([33, 33])
    expect(PAGE.readBytes).toMatchObject({ bases: [{ kind: 'wal' }, { kind: 'counted' }] })
    expect(estimateModes(facts(backups, { changedBlocks: 128 })).PAGE.readBytes).toEqual({ kind: 'unknown' })
  })

  test('takes as long as those that read as much', () => {
    const made = facts([increment('TOIQT0', 'TOIQS0'), full('TOIQS0')])
    // DELTA reads the cluster, which is twice as big as then.
    expect(estimateModes(made).DELTA.seconds).toEqual({
      kind: 'about',
      low: 10,
      high: 20,
      bases: [{ kind: 'durations', mode: 'DELTA', count: 1 }],
    })
    const tracked = [increment('TOIQT0', 'TOIQS0', { mode: 'PTRACK' }), full('TOIQS0')]
    // 20 MiB of changed pages become 8 to 20 MiB, two to five times what was stored then.
    expect(estimateModes(facts(tracked, { changedBlocks: 2560 })).PTRACK.seconds).toMatchObject({
      low: 10,
      high: 50,
    })
  })
})
