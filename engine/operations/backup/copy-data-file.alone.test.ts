import type * as FileSystem from 'node:fs'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import { crc32c } from '../../format/crc32c.ts'
import { storedBlocks } from '../../format/page-blocks.ts'
import { pageChecksum } from '../../format/page-checksum.ts'
import { PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { copyDataFile } from './copy-data-file.ts'
import type { PageChoice } from './file-copy.ts'

const SEGMENT = 2
/** More than two reads, and not a whole number of them. */
const PAGES = 75
const OLD = parseLsn('0/1000')
const HORIZON = parseLsn('1/0')
const ZEROED = 33
/** What the pages hold that have changed since the horizon. */
const CHANGED = [0, 31, 32, 64, 74]
const WITHOUT_LSN = 40

const context = { addBytes: () => undefined, throwIfCancelled: () => undefined }

function pageAt(block: number): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES)
  if (block === ZEROED) return page
  for (let at = 4096; at < PAGE_BYTES; at++) page[at] = (at * 31 + block * 7) >>> 3
  const view = new DataView(page.buffer)
  const lsn = CHANGED.includes(block) ? HORIZON : block === WITHOUT_LSN ? 0n : OLD
  view.setUint32(0, Number(lsn >> 32n), true)
  view.setUint32(4, Number(lsn & 0xffff_ffffn), true)
  view.setUint16(12, 64, true)
  view.setUint16(14, 4096, true)
  view.setUint16(16, PAGE_BYTES, true)
  view.setUint16(18, PAGE_BYTES | 4, true)
  view.setUint16(8, pageChecksum(page, SEGMENT * SEGMENT_BLOCKS + block), true)
  return page
}

/** Stands in for a server that writes while the file is read: called before each page that is read again. */
const hook = vi.hoisted(() => ({ beforeReread: (): void => undefined }))
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>()
  const readSync = (file: number, target: Uint8Array, at: number, length: number, offset: number): number => {
    if (length === PAGE_BYTES) hook.beforeReread()
    return fs.readSync(file, target, at, length, offset)
  }
  return { ...fs, readSync }
})
beforeEach(() => {
  hook.beforeReread = () => undefined
})

async function relation() {
  const scratch = await scratchDirectory('copy-data-file')
  const sourcePath = path.join(scratch.path, 'source')
  const targetPath = path.join(scratch.path, 'target')
  writeFileSync(sourcePath, Buffer.concat(Array.from({ length: PAGES }, (_, block) => pageAt(block))))
  const copy = (pages?: PageChoice, hasChecksums = true) => {
    const file = { sourcePath, targetPath, name: 'base/5/16384.2', kind: 'data', mode: 0o600 } as const
    return copyDataFile(
      { ...file, segmentNumber: SEGMENT, ...(pages !== undefined && { pages }) },
      { files: [], compressAlgorithm: 'none', compressLevel: 1, hasChecksums },
      context,
      () => undefined,
    )
  }
  return {
    copy,
    put(offset: number, bytes: Uint8Array): void {
      const file = openSync(sourcePath, 'r+')
      writeSync(file, bytes, 0, bytes.length, offset)
      closeSync(file)
    },
    /** What lies in the target: its CRC and the pages by their blocks. */
    stored() {
      const bytes = readFileSync(targetPath)
      const pages = new Map(
        [...storedBlocks(bytes)].map(({ block, payload }) => [block, Buffer.from(payload)]),
      )
      return { crc: crc32c(bytes), bytes: bytes.length, pages }
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  }
}

const everyBlock = Array.from({ length: PAGES }, (_, block) => block)
const expectedPages = (blocks: readonly number[]) =>
  new Map(blocks.map((block) => [block, Buffer.from(pageAt(block))]))

test('all pages of a file are stored as they are', async () => {
  await using file = await relation()
  const copied = file.copy()
  const stored = file.stored()
  expect(stored.pages).toEqual(expectedPages(everyBlock))
  expect(copied).toMatchObject({
    outcome: 'copied',
    storedBytes: stored.bytes,
    fullBytes: PAGES * PAGE_BYTES,
    crc: stored.crc,
    blockCount: PAGES,
    rereadCount: 0,
  })
})

test('pages older than the horizon are left out, but not those without an LSN', async () => {
  await using file = await relation()
  const copied = file.copy({ horizon: HORIZON, map: undefined, listedBytes: PAGES * PAGE_BYTES })
  const kept = [...CHANGED, ZEROED, WITHOUT_LSN].sort((a, b) => a - b)
  expect(file.stored().pages).toEqual(expectedPages(kept))
  expect(copied).toMatchObject({ outcome: 'copied', blockCount: PAGES, fullBytes: kept.length * PAGE_BYTES })
})

test('a page that is torn is read again until it is whole', async () => {
  await using file = await relation()
  const torn = [5, 31, 74]
  for (const block of torn) file.put(block * PAGE_BYTES + 5000, new Uint8Array(500))
  let rereads = 0
  hook.beforeReread = () => {
    // Every third look finds one more page finished.
    if (++rereads % 3 !== 0) return
    const block = torn[rereads / 3 - 1] ?? 0
    file.put(block * PAGE_BYTES, pageAt(block))
  }
  const copied = file.copy()
  expect(file.stored().pages).toEqual(expectedPages(everyBlock))
  expect(copied).toMatchObject({ rereadCount: 9, crc: file.stored().crc })
})

test('a torn page that turns out to be old is left out like the others', async () => {
  await using file = await relation()
  file.put(5 * PAGE_BYTES + 5000, new Uint8Array(500))
  hook.beforeReread = () => file.put(5 * PAGE_BYTES, pageAt(5))
  const copied = file.copy({ horizon: HORIZON, map: undefined, listedBytes: PAGES * PAGE_BYTES })
  expect([...file.stored().pages.keys()]).not.toContain(5)
  expect(copied).toMatchObject({ rereadCount: 1, blockCount: PAGES })
})

test('a page that stays damaged is named, with what is wrong with it', async () => {
  await using file = await relation()
  file.put(40 * PAGE_BYTES + 5000, new Uint8Array(1))
  expect(() => file.copy()).toThrow('page 40 of base/5/16384.2 fails its checksum')
  expect(file.copy(undefined, false)).toMatchObject({ outcome: 'copied', rereadCount: 0 })
  file.put(12 * PAGE_BYTES + 16, Uint8Array.of(1))
  expect(() => file.copy(undefined, false)).toThrow('page 12 of base/5/16384.2 has a damaged header')
})

test('a page at the end that is only half there is waited for', async () => {
  await using file = await relation()
  file.put(PAGES * PAGE_BYTES, pageAt(PAGES).subarray(0, 4096))
  expect(() => file.copy()).toThrow(`page ${PAGES} of base/5/16384.2 is shorter than a page`)
  let rereads = 0
  hook.beforeReread = () => {
    if (++rereads === 4) file.put(PAGES * PAGE_BYTES, pageAt(PAGES))
  }
  expect(file.copy()).toMatchObject({ outcome: 'copied', blockCount: PAGES + 1 })
})
