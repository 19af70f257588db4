import { linkSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { inflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c } from '../../format/crc32c.ts'
import { HeaderTable } from '../../format/header-map.ts'
import { pageChecksum } from '../../format/page-checksum.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { packHeaderTable } from '../steps/header-table.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import type { FileToMerge, MergedFile, MergeFilesInput, MergeSource } from './file-work.ts'
import { mergeFiles } from './merge-files.ts'

const RECORD_BYTES = 8 + PAGE_BYTES
const context: TaskContext = { addBytes: () => undefined, throwIfCancelled: () => undefined }

/** A sound page that tells blocks and versions apart. */
function pageOf(block: number, version: number): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES).fill(version * 16 + (block % 16), 200)
  const view = new DataView(page.buffer)
  view.setUint32(4, 0x1000 * (version + 1) + block, true)
  view.setUint16(12, 100, true)
  view.setUint16(14, 200, true)
  view.setUint16(16, PAGE_BYTES, true)
  view.setUint16(18, PAGE_BYTES | 4, true)
  view.setUint16(8, pageChecksum(page, block), true)
  return page
}

/** Stores those blocks as a backup does and says where. */
function store(directory: string, version: number, blocks: readonly number[]): MergeSource {
  mkdirSync(directory)
  const table = new HeaderTable()
  const records = blocks.map((block, index) => {
    const page = pageOf(block, version)
    const view = new DataView(page.buffer)
    table.add(
      block,
      index * RECORD_BYTES,
      view.getUint32(0, true),
      view.getUint32(4, true),
      view.getUint16(8, true),
    )
    const header = new DataView(new ArrayBuffer(8))
    header.setUint32(0, block, true)
    header.setUint32(4, PAGE_BYTES, true)
    return Buffer.concat([new Uint8Array(header.buffer), page])
  })
  const bytes = Buffer.concat(records)
  const packedTable = table.finish(bytes.length)
  const packed = packHeaderTable(packedTable)
  writeFileSync(path.join(directory, '1259'), bytes)
  writeFileSync(path.join(directory, 'page_header_map'), packed)
  return {
    backupId: `VERSION${version}`,
    storedPath: path.join(directory, '1259'),
    compressAlgorithm: 'none',
    isPadded: false,
    isFull: version === 0,
    crc: crc32c(bytes),
    headerMapPath: path.join(directory, 'page_header_map'),
    headers: { headerCount: blocks.length, crc: crc32c(packedTable), offset: 0, sizeBytes: packed.length },
    blockLimit: Infinity,
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, block) => block)

function prepare(
  directory: string,
  changes: readonly (readonly number[])[],
  fullCount: number,
  blockCount: number,
) {
  mkdirSync(directory)
  const full = store(path.join(directory, 'full'), 0, upTo(fullCount))
  const newer = changes.map((blocks, index) =>
    store(path.join(directory, `delta${index}`), index + 1, blocks),
  )
  const file: FileToMerge = {
    targetPath: full.storedPath,
    name: 'base/5/1259',
    isPaged: true,
    blockCount,
    segmentNumber: 0,
    sources: [...newer.toReversed(), full],
    mayStay: false,
  }
  const options: Omit<MergeFilesInput, 'files'> = {
    compressAlgorithm: 'none',
    compressLevel: 1,
    hasChecksums: true,
    isResumed: false,
    isSynced: false,
  }
  const merge = (given: Partial<MergeFilesInput> = {}, using = context): MergedFile => {
    const [merged] = mergeFiles.run({ ...options, files: [file], ...given }, using)
    if (merged === undefined) throw new Error('a file that is merged is told of')
    return merged
  }
  return { file, full, merge, stored: () => readFileSync(full.storedPath) }
}

/** What matters of the outcome, whichever way it was reached. */
function facts({ storedBytes, crc, pages }: MergedFile) {
  const table = inflateSync(pages?.headerBlob ?? new Uint8Array())
  const { blockCount, headerCount, headerCrc } = pages ?? {}
  return { storedBytes, crc, blockCount, headerCount, headerCrc, table: table.toString('hex') }
}

describe('changed pages', () => {
  test('written in place are what writing the whole file anew gives', async () => {
    await using scratch = await scratchDirectory('patch')
    let made = 0
    const anyBlocks = fc.uniqueArray(fc.nat({ max: 39 })).map((blocks) => blocks.toSorted((a, b) => a - b))
    fc.assert(
      fc.property(
        fc.array(anyBlocks, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 30 }),
        fc.nat({ max: 10 }),
        (changes, fullCount, grownBy) => {
          const [one, other] = [++made, ++made].map((count) =>
            prepare(path.join(scratch.path, String(count)), changes, fullCount, fullCount + grownBy),
          ) as [ReturnType<typeof prepare>, ReturnType<typeof prepare>]
          // A second name, so that it must not be changed in its place.
          linkSync(other.full.storedPath, `${other.full.storedPath}.link`)
          const merged = one.merge()
          const anew = other.merge()
          expect(anew.how).not.toBe('patched')
          expect(Buffer.compare(one.stored(), other.stored())).toBe(0)
          expect(merged.crc >>> 0).toBe(crc32c(one.stored()))
          expect(facts(merged)).toEqual(facts(anew))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('are all that is written', async () => {
    await using scratch = await scratchDirectory('patch')
    const { merge, file } = prepare(path.join(scratch.path, 'one'), [[3, 17]], 40, 41)
    const { ino } = statSync(file.targetPath)
    expect(merge()).toMatchObject({
      how: 'patched',
      writtenBytes: 3 * RECORD_BYTES,
      storedBytes: 41 * RECORD_BYTES,
    })
    expect(statSync(file.targetPath).ino).toBe(ino)
  })

  test('leave a file with a second name alone, and a file that is mostly new', async () => {
    await using scratch = await scratchDirectory('patch')
    const linked = prepare(path.join(scratch.path, 'linked'), [[3]], 40, 40)
    const copy = `${linked.full.storedPath}.snapshot`
    linkSync(linked.full.storedPath, copy)
    const before = linked.stored()
    expect(linked.merge().how).toBe('written')
    expect(Buffer.compare(readFileSync(copy), before)).toBe(0)
    expect(prepare(path.join(scratch.path, 'new'), [upTo(35)], 40, 40).merge().how).toBe('written')
  })

  test.each([
    { end: 'between two pages', tear: (file: string) => file },
    {
      end: 'in the middle of a page',
      tear: (file: string) => {
        const bytes = readFileSync(file)
        bytes.fill(0xaa, 20 * RECORD_BYTES + 5000, 21 * RECORD_BYTES)
        writeFileSync(file, bytes)
      },
    },
    {
      end: 'while a page is added',
      tear: (file: string) => {
        writeFileSync(file, Buffer.alloc(5000), { flag: 'a' })
      },
    },
  ])('are written by the next merge when the first one ends $end', async ({ tear }) => {
    await using scratch = await scratchDirectory('patch')
    const changes = [[0, 20, 40], [30]]
    const whole = prepare(path.join(scratch.path, 'whole'), changes, 40, 42)
    const expected = facts(whole.merge())

    const broken = prepare(path.join(scratch.path, 'broken'), changes, 40, 42)
    let pages = 0
    const stopping: TaskContext = {
      ...context,
      addBytes: () => {
        if (++pages === 2) throw new Error('the power went')
      },
    }
    expect(() => broken.merge({}, stopping)).toThrow('the power went')
    tear(broken.full.storedPath)
    expect(Buffer.compare(broken.stored(), whole.stored())).not.toBe(0)

    const resumed = broken.merge({ isResumed: true })
    expect(facts(resumed)).toEqual(expected)
    expect(Buffer.compare(broken.stored(), whole.stored())).toBe(0)
  })

  test('are not looked for where the FULL itself is damaged', async () => {
    await using scratch = await scratchDirectory('patch')
    const torn = prepare(path.join(scratch.path, 'torn'), [[0, 20]], 40, 40)
    const bytes = torn.stored()
    bytes.fill(0xaa, 7 * RECORD_BYTES + 5000, 8 * RECORD_BYTES)
    writeFileSync(torn.full.storedPath, bytes)
    // Nobody else has block 7.
    expect(() => torn.merge({ isResumed: true })).toThrow('block 7 is damaged')

    const short = prepare(path.join(scratch.path, 'short'), [[0, 20]], 40, 40)
    truncateSync(short.full.storedPath, 39 * RECORD_BYTES - 1)
    expect(() => short.merge()).toThrow(expect.objectContaining({ code: 'backup.damaged' }))
    expect(() => short.merge({ isResumed: true })).toThrow(
      expect.objectContaining({ code: 'backup.damaged' }),
    )
  })
})
