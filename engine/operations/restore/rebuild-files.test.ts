import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BLOCK_HEADER_BYTES, encodeBlockHeader } from '../../format/page-blocks.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { rebuildFiles } from './rebuild-files.ts'
import type { StoredSource } from '../steps/stored-source.ts'

const context = { addBytes: () => undefined, throwIfCancelled: () => undefined }

async function scratch(): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'tidemark-rebuild-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A stored file with these blocks, each filled with one byte. */
async function stored(
  file: string,
  blocks: Readonly<Record<number, number>>,
  blockLimit = Infinity,
): Promise<StoredSource> {
  const records = Object.entries(blocks).map(([block, byte]) => {
    const record = new Uint8Array(BLOCK_HEADER_BYTES + PAGE_BYTES).fill(byte)
    encodeBlockHeader(record, 0, Number(block), PAGE_BYTES)
    return record
  })
  await writeFile(file, Buffer.concat(records))
  return {
    backupId: path.basename(file),
    storedPath: file,
    compressAlgorithm: 'none',
    isPadded: false,
    hasLegacyCrc: false,
    crc: 0,
    sizeBytes: 0,
    blockLimit,
    headers: undefined,
    isBeforeShift: false,
  }
}

async function rebuiltBlocks(directory: string, blockCount: number, sources: readonly StoredSource[]) {
  const targetPath = path.join(directory, 'target')
  const files = [
    { targetPath, name: 'base/5/1', mode: 0o600, kind: 'data', blockCount, segmentNumber: 0, sources },
  ] as const
  rebuildFiles.run({ files, checksCrc: false, owner: undefined, reuse: undefined }, context)
  const content = await readFile(targetPath)
  return Array.from({ length: content.length / PAGE_BYTES }, (_, block) => content[block * PAGE_BYTES + 100])
}

test('each block is taken from the newest backup that stores it', async () => {
  const directory = await scratch()
  const sources = [
    await stored(path.join(directory, 'new'), { 1: 0x22 }),
    await stored(path.join(directory, 'full'), { 0: 0x11, 1: 0x11, 2: 0x11 }),
  ]
  expect(await rebuiltBlocks(directory, 3, sources)).toEqual([0x11, 0x22, 0x11])
})

test('pages that were cut off do not come back when the relation grows again', async () => {
  const directory = await scratch()
  const sources = [
    await stored(path.join(directory, 'new'), { 3: 0x33 }),
    await stored(path.join(directory, 'full'), { 0: 0x11, 1: 0x11, 2: 0x11, 3: 0x11 }, 1),
  ]
  expect(await rebuiltBlocks(directory, 4, sources)).toEqual([0x11, 0, 0, 0x33])
})
