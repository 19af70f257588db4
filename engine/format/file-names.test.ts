import { describe, expect, test } from 'vitest'
import {
  archiveFileClass,
  classifyRelationFile,
  isWalSegmentName,
  relationSegmentPath,
} from './file-names.ts'

describe('a path in a data directory', () => {
  test.each([
    ['base/5/1255', 'main', 1255, 0, 5],
    ['base/16385/16416.12', 'main', 16416, 12, 16385],
    ['global/1262', 'main', 1262, 0, 0],
    ['pg_tblspc/16384/PG_15_202209061/5/16396.1', 'main', 16396, 1, 5],
    ['base/5/1255_vm', 'vm', 1255, 0, 5],
    ['base/5/1255_fsm.1', 'fsm', 1255, 1, 5],
    ['base/5/4294967295_init', 'init', 4294967295, 0, 5],
    ['base/5/1255_ptrack', 'ptrack', 1255, 0, 5],
  ])('%s is a %s fork', (path, fork, relationOid, segmentNumber, databaseOid) => {
    expect(classifyRelationFile(path)).toEqual({
      isDataFile: fork === 'main',
      fork,
      relationOid,
      segmentNumber,
      databaseOid,
      cfs: undefined,
    })
  })

  test.each(['.cfm', '.bck', '.cfm.bck'])(
    'with %s belongs to a compressed relation and holds no pages',
    (cfs) => {
      const file = classifyRelationFile(`pg_tblspc/1/PG_15_202209061/5/16396.2${cfs}`)
      expect(file).toMatchObject({ isDataFile: false, cfs, relationOid: 16396, segmentNumber: 2 })
      expect(classifyRelationFile(`base/5/16396_vm${cfs}`).fork).toBeUndefined()
    },
  )

  test.each([
    'base/5/PG_VERSION',
    'base/5/0123',
    'base/5/4294967296',
    'base/5/1255.0',
    'base/5/1255.32768',
    'base/5/1255.1.2',
    'base/5/1255_other',
    'base/5/t3_16400',
    'base/5/pgsql_tmp/1255',
    'base/1255',
    'pg_xact/0000',
    'pg_multixact/offsets/1234',
    '1255',
    'pg_tblspc/16384/1255',
    'global/sub/1255',
  ])('%s is an ordinary file', (path) => {
    expect(classifyRelationFile(path)).toMatchObject({ isDataFile: false, fork: undefined })
  })

  test('names its database also when the file is no relation', () => {
    expect(classifyRelationFile('base/5/PG_VERSION').databaseOid).toBe(5)
    expect(classifyRelationFile('pg_xact/0000').databaseOid).toBe(0)
  })
})

const VERSION = 'PG_15_202209061'

test.each([
  [1663, 5, 16384, 0, 'base/5/16384'],
  [1663, 5, 16384, 131_071, 'base/5/16384'],
  [1663, 5, 16384, 131_072, 'base/5/16384.1'],
  [1663, 5, 4294967295, 4294967294, 'base/5/4294967295.32767'],
  [1664, 0, 1262, 3, 'global/1262'],
  [16400, 5, 16396, 262_144, `pg_tblspc/16400/${VERSION}/5/16396.2`],
])('in tablespace %i and database %i, relation %i has block %i in %s', (spc, db, relation, block, path) => {
  const at = { tablespaceOid: spc, databaseOid: db, relationNumber: relation, block }
  expect(relationSegmentPath(at, VERSION)).toBe(path)
  expect(classifyRelationFile(path)).toMatchObject({
    isDataFile: true,
    databaseOid: db,
    relationOid: relation,
    segmentNumber: Math.floor(block / 131_072),
  })
})

describe('a file of the WAL archive', () => {
  const SEGMENT = '00000001000000000000000A'

  test.each([
    [SEGMENT, 'segment'],
    [`${SEGMENT}.gz`, 'segment'],
    [`${SEGMENT}.partial`, 'partial'],
    [`${SEGMENT}.gz.partial`, 'partial'],
    [`${SEGMENT}.part`, 'temporary'],
    [`${SEGMENT}.gz.part`, 'temporary'],
    [`${SEGMENT}.partial.part`, 'temporary'],
    [`${SEGMENT}.00000028.backup`, 'backup-history'],
    ['0000000A.history', 'timeline-history'],
    [`${SEGMENT}.lz4`, 'other'],
    [SEGMENT.toLowerCase(), 'other'],
    ['archive_status', 'other'],
  ])('%s is a %s file', (name, kind) => {
    expect(archiveFileClass(name).kind).toBe(kind)
  })

  test('says what it stands for', () => {
    expect(archiveFileClass(`${SEGMENT}.gz`)).toEqual({
      kind: 'segment',
      segmentName: SEGMENT,
      isCompressed: true,
    })
    expect(archiveFileClass('0000000A.history')).toEqual({ kind: 'timeline-history', timeline: 10 })
    expect([SEGMENT, `${SEGMENT}.gz`].map(isWalSegmentName)).toEqual([true, false])
  })
})
