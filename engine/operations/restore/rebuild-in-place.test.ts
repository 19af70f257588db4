import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Lsn, parseLsn } from '../../base/lsn.ts'
import { encodeHeaderTable } from '../../format/header-map.ts'
import { BLOCK_HEADER_BYTES, encodeBlockHeader } from '../../format/page-blocks.ts'
import { pageChecksum } from '../../format/page-checksum.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { kernel } from '../../kernel/kernel.ts'
import { packHeaderTable } from '../steps/header-table.ts'
import type { Reuse } from './pages-there.ts'
import { rebuildFiles } from './rebuild-files.ts'
import type { StoredSource } from '../steps/stored-source.ts'

const context = { addBytes: () => undefined, throwIfCancelled: () => undefined }
const RECORD = BLOCK_HEADER_BYTES + PAGE_BYTES
const ZERO = 'zero'

/** A sound page by a short name, `lsn/byte`: where it was changed last, and what it is filled with. */
type PageName = `${number}/${number}` | typeof ZERO

function page(name: PageName, block: number): Uint8Array {
  const bytes = new Uint8Array(PAGE_BYTES)
  if (name === ZERO) return bytes
  const [lsn = 0, byte = 0] = name.split('/').map(Number)
  const view = new DataView(bytes.buffer)
  view.setUint32(4, lsn, true)
  view.setUint16(12, 24, true)
  view.setUint16(14, 4096, true)
  view.setUint16(16, PAGE_BYTES, true)
  view.setUint16(18, PAGE_BYTES | 4, true)
  bytes.fill(byte, 4096)
  view.setUint16(8, pageChecksum(bytes, block), true)
  return bytes
}

const pages = (names: readonly PageName[]): Buffer =>
  Buffer.concat(names.map((name, block) => page(name, block)))

function scratch(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-place-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A stored file with these pages by block, and its header table. */
function stored(
  directory: string,
  name: string,
  blocks: Readonly<Record<number, PageName>>,
  more: Partial<StoredSource> = {},
): StoredSource {
  const entries = Object.entries(blocks).map(([block, one], index) => {
    const content = page(one, Number(block))
    return {
      record: Buffer.concat([header(Number(block)), content]),
      entry: {
        block: Number(block),
        position: index * RECORD,
        lsn: BigInt(one === ZERO ? 0 : Number(one.split('/')[0])) as Lsn,
        checksum: one === ZERO ? 0 : pageChecksum(content, Number(block)),
      },
    }
  })
  const storedPath = path.join(directory, name)
  writeFileSync(storedPath, Buffer.concat(entries.map(({ record }) => record)))
  const table = encodeHeaderTable(
    entries.map(({ entry }) => entry),
    entries.length * RECORD,
  )
  const blob = packHeaderTable(table)
  const mapPath = `${storedPath}.map`
  writeFileSync(mapPath, blob)
  const place = { headerCount: entries.length, crc: kernel.crc32c(table), offset: 0, sizeBytes: blob.length }
  return {
    backupId: name,
    storedPath,
    sizeBytes: entries.length * RECORD,
    compressAlgorithm: 'none',
    isPadded: false,
    hasLegacyCrc: false,
    crc: 0,
    blockLimit: Infinity,
    headers: { mapPath, place },
    isBeforeShift: true,
    ...more,
  }
}

function header(block: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES)
  encodeBlockHeader(bytes, 0, block, PAGE_BYTES)
  return bytes
}

const CHECKSUM: Reuse = { mode: 'checksum', hasChecksums: true }
const LSN: Reuse = { mode: 'lsn', shiftLsn: parseLsn('0/64'), shiftStartLsn: parseLsn('0/50') }

/** Rebuilds over these bytes; gives what is there then, and the counts in pages. */
function rebuild(
  directory: string,
  there: Uint8Array,
  sources: readonly StoredSource[],
  blockCount: number,
  reuse: Reuse,
) {
  const targetPath = path.join(directory, 'target')
  writeFileSync(targetPath, there)
  const file = {
    targetPath,
    name: 'base/5/1',
    mode: 0o600,
    kind: 'data',
    blockCount,
    segmentNumber: 0,
    sources,
  } as const
  const done = rebuildFiles.run({ files: [file], checksCrc: true, owner: undefined, reuse }, context)
  return {
    content: readFileSync(targetPath),
    written: done.writtenBytes / PAGE_BYTES,
    reused: done.reusedBytes / PAGE_BYTES,
  }
}

describe('by checksums', () => {
  test.each<readonly [string, Buffer, number, number]>([
    ['the same pages stay', pages(['9/1', '20/2', ZERO, '8/4']), 0, 4],
    ['a page with another LSN is replaced', pages(['7/1', '20/2', ZERO, '8/4']), 1, 3],
    ['a page with the same LSN and other bytes is replaced', pages(['9/7', '20/2', ZERO, '8/4']), 1, 3],
    ['a page that is zeroed is replaced', pages([ZERO, '20/2', ZERO, '8/4']), 1, 3],
    ['zeros come back', pages(['9/1', '20/2', '6/6', '8/4']), 1, 3],
    ['a longer file is cut off', pages(['9/1', '20/2', ZERO, '8/4', '9/9']), 0, 4],
    [
      'a shorter file, and a part of a page, are extended',
      pages(['9/1', '20/2']).subarray(0, PAGE_BYTES + 99),
      2,
      1,
    ],
    ['an empty file is made anew', Buffer.alloc(0), 3, 0],
  ])('%s', (_, there, written, reused) => {
    const directory = scratch()
    const sources = [
      stored(directory, 'new', { 1: '20/2' }),
      stored(directory, 'full', { 0: '9/1', 1: '5/5', 2: ZERO, 3: '8/4' }),
    ]
    const done = rebuild(directory, there, sources, 4, CHECKSUM)
    expect(done.content.equals(pages(['9/1', '20/2', ZERO, '8/4']))).toBe(true)
    expect([done.written, done.reused]).toEqual([written, reused])
  })

  test('a damaged page is replaced though its checksum says otherwise', () => {
    const directory = scratch()
    const there = pages(['9/1', '9/2'])
    there[PAGE_BYTES + 5000] = 0x77
    const done = rebuild(directory, there, [stored(directory, 'full', { 0: '9/1', 1: '9/2' })], 2, CHECKSUM)
    expect(done.content.equals(pages(['9/1', '9/2']))).toBe(true)
    expect([done.written, done.reused]).toEqual([1, 1])
  })

  test('what no backup stores becomes zeros, and what was cut off stays away', () => {
    const directory = scratch()
    const sources = [
      stored(directory, 'new', { 3: '20/3' }),
      stored(directory, 'full', { 0: '9/1', 1: '9/2', 2: '9/3' }, { blockLimit: 1 }),
    ]
    const done = rebuild(directory, pages(['9/1', '9/2', '9/3', '20/3']), sources, 4, CHECKSUM)
    expect(done.content.equals(pages(['9/1', ZERO, ZERO, '20/3']))).toBe(true)
  })

  test('without a header table everything is read and written', () => {
    const directory = scratch()
    const source = stored(directory, 'full', { 0: '9/1', 1: '9/2' }, { headers: undefined })
    const done = rebuild(directory, pages(['9/1', '7/2']), [source], 2, CHECKSUM)
    expect(done.content.equals(pages(['9/1', '9/2']))).toBe(true)
    expect([done.written, done.reused]).toEqual([2, 0])
  })

  test('a record that is not where the header table says is damage', () => {
    const directory = scratch()
    const source = stored(directory, 'full', { 0: '9/1', 1: '9/2' })
    const bytes = readFileSync(source.storedPath)
    encodeBlockHeader(bytes, RECORD, 7, PAGE_BYTES)
    writeFileSync(source.storedPath, bytes)
    expect(() => rebuild(directory, pages(['9/1', '7/2']), [source], 2, CHECKSUM)).toThrow(
      /"base\/5\/1" of backup full/,
    )
  })
})

describe('by LSN', () => {
  const full = { 0: '9/1', 1: '9/2' } as const

  test('pages that changed while the backup was read stay, others are replaced', () => {
    const directory = scratch()
    // The shift LSN is 100, the backup began at 80.
    const done = rebuild(directory, pages(['90/9', '101/9']), [stored(directory, 'full', full)], 2, LSN)
    expect(done.content.equals(pages(['90/9', '9/2']))).toBe(true)
    expect([done.written, done.reused]).toEqual([1, 1])
  })

  test('pages of a backup after the shift are always written', () => {
    const directory = scratch()
    const source = stored(directory, 'new', full, { isBeforeShift: false })
    expect(rebuild(directory, pages(['9/1', '9/2']), [source], 2, LSN)).toMatchObject({
      written: 2,
      reused: 0,
    })
  })

  test.each([
    ['older than in the backup', '8/1'],
    ['newer, though from before the backup', '70/1'],
  ] as const)('a page that is %s ends the restore', (_, there) => {
    const directory = scratch()
    const sources = [stored(directory, 'full', full)]
    expect(() => rebuild(directory, pages([there, '9/2']), sources, 2, LSN)).toThrow(
      expect.objectContaining({ code: 'restore.diverged' }),
    )
  })
})
