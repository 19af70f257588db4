import { describe, expect, test } from 'vitest'
import type { SummarizedSegment } from '../../server/postgres/wal-summaries.ts'
import { pagesOfSummaries } from './pages-by-summaries.ts'

const VERSION = 'PG_17_202406281'
const segment = (changes: Partial<SummarizedSegment>): SummarizedSegment => ({
  tablespaceOid: 1663,
  databaseOid: 5,
  relationNumber: 16_384,
  segmentNumber: 0,
  blocks: [],
  changedFrom: undefined,
  ...changes,
})
const file = (path: string, blockCount: number, segmentNumber = 0) => ({
  path,
  sizeBytes: blockCount * 8192,
  segmentNumber,
  isDataFile: true,
})

function mapped(segments: readonly SummarizedSegment[], files: ReturnType<typeof file>[]) {
  return Object.fromEntries(
    [...pagesOfSummaries(segments, files, VERSION)].map(([path, map]) => [
      path,
      [...map.blocksBelow(131_072)],
    ]),
  )
}

describe('pages that summaries name', () => {
  test('belong to their segment file, wherever its tablespace is', () => {
    expect(
      mapped(
        [
          segment({ blocks: [3, 1] }),
          segment({ segmentNumber: 2, blocks: [7] }),
          segment({ tablespaceOid: 1664, databaseOid: 0, relationNumber: 1262, blocks: [0] }),
          segment({ tablespaceOid: 16_500, blocks: [9] }),
        ],
        [],
      ),
    ).toEqual({
      'base/5/16384': [1, 3],
      'base/5/16384.2': [7],
      'global/1262': [0],
      [`pg_tblspc/16500/${VERSION}/5/16384`]: [9],
    })
  })

  test('reach from where a relation was cut off to its end, over all of its files', () => {
    const files = [file('base/5/16384', 131_072), file('base/5/16384.1', 3, 1), file('base/5/16385', 2)]
    const found = mapped([segment({ changedFrom: 131_071 })], files)
    expect(found).toEqual({ 'base/5/16384': [131_071], 'base/5/16384.1': [0, 1, 2] })
  })

  test('are all of a database that was copied file by file, and of no other', () => {
    const files = [file('base/6/1249', 2), file('base/5/1249', 2)]
    expect(mapped([segment({ databaseOid: 6, relationNumber: 0, changedFrom: 0 })], files)).toEqual({
      'base/6/1249': [0, 1],
    })
  })
})
