import { describe, expect, test } from 'vitest'
import { madeBackup, type MadeBackup } from '../../testing/made-catalog.ts'
import { directoryEntry, fileEntry } from '../../testing/made-content.ts'
import { placesOf } from './places.ts'
import { planRestore } from './plan.ts'
import type { RestoreFacts, RestoreInput, TargetState } from './restore-facts.ts'

const INPUT: RestoreInput = {
  catalog: '/backup',
  instance: 'main',
  id: undefined,
  dataDirectory: '/restore',
  target: undefined,
  isInclusive: undefined,
  targetTimeline: undefined,
  targetAction: undefined,
  restoreCommand: undefined,
  copiesWal: false,
  walThrough: undefined,
  tablespaceMapping: [],
  externalMapping: [],
  skipsExternal: false,
  incrementalMode: 'none',
  databases: undefined,
  movesAside: false,
  destroysOtherDatabases: false,
  walDirectory: undefined,
  threads: 1,
  isValidated: true,
  isSynced: true,
  isForced: false,
  isReplica: false,
  primaryConninfo: undefined,
  primarySlotName: undefined,
}

const ENTRIES = [
  directoryEntry('base'),
  fileEntry('base/1', { sizeBytes: 10, fullBytes: 100 }),
  fileEntry('base/2', { sizeBytes: -1, fullBytes: 50 }),
]

function facts(given: Partial<RestoreFacts> = {}, of: MadeBackup = {}): RestoreFacts {
  const backup = madeBackup('F2', of)
  return {
    backup,
    chain: [
      { backup, entries: ENTRIES },
      { backup: madeBackup('F1'), entries: [fileEntry('base/2', { sizeBytes: 5, fullBytes: 50 })] },
    ],
    tablespaces: [{ oid: 16395, path: '/srv/fast' }],
    externalDirs: ['/etc/one', '/etc/two'],
    databaseMap: undefined,
    systemIdentifier: '7',
    targets: new Map(),
    destination: undefined,
    existing: [],
    destinationHash: '',
    freeBytes: 1_000_000,
    walSource: undefined,
    walDisk: undefined,
    isRoot: false,
    ...given,
  }
}

/** The lines that are not fine, as `state code values`. */
const trouble = (input: Partial<RestoreInput>, given: RestoreFacts) =>
  planRestore({ ...INPUT, ...input }, given)
    .preflight.filter(({ state }) => state !== 'ok')
    .map(({ state, sentence }) => [state, sentence.code, sentence.values])

const place = (path: string, state: TargetState): Partial<RestoreFacts> => ({
  targets: new Map([[path, state]]),
})

describe('a plan', () => {
  test('for free places is not blocked and counts what is read and written', () => {
    const plan = planRestore(INPUT, facts())
    expect(plan).toMatchObject({
      fileCount: 3,
      readBytes: 15,
      writeBytes: 150,
      isBlocked: false,
      tablespaces: [{ oid: 16395, from: '/srv/fast', to: '/srv/fast' }],
      externalDirs: [
        { number: 1, from: '/etc/one', to: '/etc/one' },
        { number: 2, from: '/etc/two', to: '/etc/two' },
      ],
    })
    expect(trouble({}, facts())).toEqual([])
  })

  test('puts what is mapped elsewhere, and the rest where it was', () => {
    const plan = planRestore(
      {
        ...INPUT,
        tablespaceMapping: [{ from: '/srv/fast/', to: '/new/fast' }],
        externalMapping: [{ from: '/etc/two', to: '/new/two' }],
      },
      facts(),
    )
    expect(plan.tablespaces).toEqual([{ oid: 16395, from: '/srv/fast', to: '/new/fast' }])
    expect(plan.externalDirs.map(({ number, to }) => [number, to])).toEqual([
      [1, '/etc/one'],
      [2, '/new/two'],
    ])
  })

  test('leaves external directories out when they are not wanted', () => {
    const plan = planRestore({ ...INPUT, skipsExternal: true }, facts())
    expect(plan.externalDirs).toEqual([])
    expect(plan.preflight.filter(({ code }) => code === 'external-dirs')).toEqual([])
  })

  test.each([
    ['a tablespace', { tablespaceMapping: [{ from: '/srv', to: '/new' }] }, '/srv/fast'],
    ['an external directory', { externalMapping: [{ from: '/etc', to: '/new' }] }, '/etc/one, /etc/two'],
  ])(
    'is refused for a mapping of %s that the backup does not have, and names those it has',
    (_, wish, known) => {
      expect(() => planRestore({ ...INPUT, ...wish }, facts())).toThrow(
        expect.objectContaining({ code: 'plan.refused', hint: `It has: ${known}.` }),
      )
    },
  )
})

describe('the places that are looked at', () => {
  test('are those that the plan writes to, however a mapping spells its source', () => {
    const input = {
      ...INPUT,
      tablespaceMapping: [{ from: '/srv/fast///', to: '/new/fast' }],
      externalMapping: [{ from: '/etc/one/', to: '/new/one' }],
    }
    const given = facts()
    const plan = planRestore(input, given)
    expect(placesOf(input, given)).toEqual([
      '/restore',
      ...plan.tablespaces.map(({ to }) => to),
      ...plan.externalDirs.map(({ to }) => to),
    ])
    expect(placesOf(input, given)).toEqual(['/restore', '/new/fast', '/new/one', '/etc/two'])
    expect(placesOf({ ...input, skipsExternal: true }, given)).toEqual(['/restore', '/new/fast'])
  })
})

describe('a restore is stopped', () => {
  test.each(['/restore', '/srv/fast', '/etc/two'])('by files in %s', (path) => {
    const given = facts(place(path, { kind: 'occupied', sample: 'PG_VERSION' }))
    expect(trouble({}, given)).toEqual([['blocked', 'target-occupied', { path, sample: 'PG_VERSION' }]])
    expect(planRestore(INPUT, given).isBlocked).toBe(true)
  })

  test.each(['/restore', '/srv/fast', '/etc/two'])(
    'by a catalog where %s is to be, forced or not',
    (path) => {
      const given = facts(place(path, { kind: 'catalog', catalog: '/backup' }))
      for (const wish of [
        {},
        { isForced: true },
        { movesAside: true },
        { incrementalMode: 'checksum' as const },
      ])
        expect(trouble(wish, given)).toEqual([['blocked', 'target-catalog', { path, catalog: '/backup' }]])
    },
  )

  test('by a running server, and force does not help', () => {
    const given = facts(place('/restore', { kind: 'running', pid: 7 }))
    expect(trouble({ isForced: true }, given)).toEqual([
      ['blocked', 'target-running', { path: '/restore', pid: 7 }],
    ])
  })

  test('by a place that nobody may write to', () => {
    const given = facts(place('/restore', { kind: 'refused', message: 'EACCES' }))
    expect(trouble({}, given)).toEqual([
      ['blocked', 'target-refused', { path: '/restore', reason: 'EACCES' }],
    ])
  })

  test('not by an empty directory', () => {
    expect(trouble({}, facts(place('/restore', { kind: 'empty' })))).toEqual([])
  })

  test.each([
    ['the data directory', '/restore/pg_tblspc_data', '/restore'],
    ['itself', '/restore', '/restore'],
    ['itself, spelled with a slash', '/restore/', '/restore'],
    ['the data directory by a detour', '/else/../restore/fast', '/restore'],
    ['an external directory', '/etc/one/fast', '/etc/one'],
  ])('by a tablespace inside %s', (_, to, outer) => {
    const [line] = trouble({ tablespaceMapping: [{ from: '/srv/fast', to }] }, facts())
    expect(line?.slice(0, 2)).toEqual(['blocked', 'targets-overlap'])
    expect(Object.values(line?.[2] ?? {})).toContain(outer)
  })

  test('not by a name that only begins like another', () => {
    expect(trouble({ tablespaceMapping: [{ from: '/srv/fast', to: '/restore-fast' }] }, facts())).toEqual([])
  })
})

describe('room', () => {
  test.each([
    [149, ['blocked', 'space-short', { need: 150, free: 149 }]],
    [150, ['warning', 'space-tight', { need: 150, free: 150 }]],
    [164, ['warning', 'space-tight', { need: 150, free: 164 }]],
    [undefined, ['warning', 'space-unknown', { need: 150 }]],
  ])('of %s bytes for 150 is told', (freeBytes, line) => {
    expect(trouble({}, facts({ freeBytes }))).toEqual([line])
  })

  test('with a tenth to spare is enough', () => {
    expect(trouble({}, facts({ freeBytes: 166 }))).toEqual([])
  })
})

describe('the status', () => {
  const withStatus = (status: 'DONE' | 'CORRUPT') => facts({}, { status })

  test('of an unchecked backup is told unless it is validated first', () => {
    expect(trouble({ isValidated: false }, { ...facts(), ...chained('DONE') })).toEqual([
      ['warning', 'status-unchecked', { id: 'F2' }],
    ])
    expect(trouble({ isValidated: true }, { ...facts(), ...chained('DONE') })).toEqual([])
  })

  test('of a doubtful backup is told, forced or not', () => {
    const values = { id: 'F2', status: 'CORRUPT' }
    expect(trouble({}, withStatus('CORRUPT'))).toEqual([['warning', 'status-doubtful', values]])
    expect(trouble({ isForced: true }, withStatus('CORRUPT'))).toEqual([['warning', 'status-forced', values]])
  })

  test('of a doubtful parent that nobody will validate stops the restore, unless it is forced', () => {
    const given = { ...facts(), ...chained('CORRUPT') }
    const values = { id: 'F2', status: 'CORRUPT' }
    expect(trouble({ isValidated: false }, given)).toEqual([['blocked', 'status-doubtful', values]])
    expect(trouble({ isValidated: false, isForced: true }, given)).toEqual([
      ['warning', 'status-forced', values],
    ])
  })

  function chained(status: 'DONE' | 'CORRUPT'): Partial<RestoreFacts> {
    return {
      chain: [
        { backup: madeBackup('F3', { parent: 'F2' }), entries: ENTRIES },
        { backup: madeBackup('F2', { status }), entries: [] },
      ],
    }
  }
})

test('root is told whom the files will belong to', () => {
  expect(trouble({}, facts({ isRoot: true }))).toEqual([['warning', 'owner-root', {}]])
})

describe('the hash', () => {
  const { hash } = planRestore(INPUT, facts())

  test('stays while backups and request are the same', () => {
    expect(planRestore({ ...INPUT }, facts({ freeBytes: 5, isRoot: true })).hash).toBe(hash)
  })

  test.each<readonly [string, Partial<RestoreInput>, MadeBackup]>([
    ['the directory', { dataDirectory: '/other' }, {}],
    ['the target', { target: { kind: 'xid', xid: '5' } }, {}],
    ['the status', {}, { status: 'DONE' }],
    ['the content list', {}, { contentCrc: 5 }],
  ])('changes with %s', (_, input, of) => {
    expect(planRestore({ ...INPUT, ...input }, facts({}, of)).hash).not.toBe(hash)
  })
})
