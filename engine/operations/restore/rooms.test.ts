import { expect, test } from 'vitest'
import { madeBackup } from '../../testing/made-catalog.ts'
import { fileEntry } from '../../testing/made-content.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import { placeNeeds } from './rooms.ts'

const INPUT = {
  dataDirectory: '/restore',
  tablespaceMapping: [{ from: '/srv/fast', to: '/disk2/fast' }],
  externalMapping: [],
  skipsExternal: false,
  incrementalMode: 'none',
  databases: undefined,
} as unknown as RestoreInput

const FACTS = {
  chain: [
    {
      backup: madeBackup('F1'),
      entries: [
        fileEntry('base/5/1', { fullBytes: 100, databaseOid: 5 }),
        fileEntry('base/6/1', { fullBytes: 40, databaseOid: 6 }),
        fileEntry('pg_tblspc/16395/PG_17/5/2', { fullBytes: 30, databaseOid: 5 }),
        fileEntry('conf', { fullBytes: 7, externalDirNumber: 1 }),
      ],
    },
  ],
  tablespaces: [{ oid: 16_395, path: '/srv/fast' }],
  externalDirs: ['/etc/pg'],
  databaseMap: [
    { oid: 5, name: 'keep' },
    { oid: 6, name: 'spare' },
  ],
  existing: [],
} as unknown as RestoreFacts

test('each place is told what goes there, tablespaces where they are mapped to', () => {
  expect(placeNeeds(INPUT, FACTS)).toEqual([
    { path: '/restore', needBytes: 140 },
    { path: '/disk2/fast', needBytes: 30 },
    { path: '/etc/pg', needBytes: 7 },
  ])
})

test('what is left out needs no room', () => {
  const databases = { kind: 'exclude', names: ['spare'] } as const
  expect(placeNeeds({ ...INPUT, databases, skipsExternal: true }, FACTS)).toEqual([
    { path: '/restore', needBytes: 100 },
    { path: '/disk2/fast', needBytes: 30 },
  ])
})

test('an increment needs room for whole files, whatever of them it stores', () => {
  const [full] = FACTS.chain
  const entries = [
    fileEntry('base/5/1', { isDataFile: true, sizeBytes: -1, fullBytes: 0, blockCount: 3 }),
    fileEntry('base/5/2', { isDataFile: true, sizeBytes: 900, fullBytes: 8192, blockCount: 10 }),
    fileEntry('PG_VERSION', { sizeBytes: -1, fullBytes: 3 }),
  ]
  const chain = [{ backup: madeBackup('D1'), entries }, ...(full === undefined ? [] : [full])]
  expect(placeNeeds({ ...INPUT, skipsExternal: true }, { ...FACTS, chain } as RestoreFacts)[0]).toEqual({
    path: '/restore',
    needBytes: 13 * 8192 + 3,
  })
})
