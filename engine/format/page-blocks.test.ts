import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BLOCK_HEADER_BYTES,
  decodeBlockHeader,
  encodeBlockHeader,
  storedBlocks,
  storedPayloadBytes,
} from './page-blocks.ts'

type Block = { readonly block: number; readonly payload: Uint8Array }

function store(blocks: readonly Block[], isPadded = false): Uint8Array {
  const parts = blocks.map(({ block, payload }) => {
    const record = new Uint8Array(BLOCK_HEADER_BYTES + storedPayloadBytes(payload.length, isPadded))
    encodeBlockHeader(record, 0, block, payload.length)
    record.set(payload, BLOCK_HEADER_BYTES)
    return record
  })
  return Buffer.concat(parts)
}

const anyBlocks = fc
  .uniqueArray(
    fc.record({
      block: fc.nat({ max: 131071 }),
      payload: fc.uint8Array({ minLength: 1, maxLength: 90, size: 'max' }),
    }),
    { selector: ({ block }) => block, maxLength: 20 },
  )
  .map((blocks) => blocks.sort((a, b) => a.block - b.block))

const one: Block = { block: 4, payload: new Uint8Array(13) }

describe('a stored data file', () => {
  test('gives back the blocks that were stored, padded or not', () => {
    fc.assert(
      fc.property(anyBlocks, fc.boolean(), (blocks, isPadded) => {
        const found = [...storedBlocks(store(blocks, isPadded), { isPadded })]
        expect(found.map(({ block, payload }) => ({ block, payload: [...payload] }))).toEqual(
          blocks.map(({ block, payload }) => ({ block, payload: [...payload] })),
        )
      }),
    )
  })

  test('starts each record with the block and the length, little-endian', () => {
    const bytes = Buffer.from('00000000b2000000', 'hex')
    expect(decodeBlockHeader(bytes, 0)).toEqual({ block: 0, payloadBytes: 178 })
    const written = new Uint8Array(8)
    encodeBlockHeader(written, 0, 0, 178)
    expect(Buffer.compare(written, bytes)).toBe(0)
  })

  test('is damaged when it ends inside a record', () => {
    const bytes = store([one])
    for (let length = 1; length < bytes.length; length++) {
      expect(() => [...storedBlocks(bytes.subarray(0, length))]).toThrow(/cut off \(offset 0\)/)
    }
  })

  test('is damaged when blocks do not ascend', () => {
    expect(() => [...storedBlocks(store([one, one]))]).toThrow('block 4 follows block 4 (offset 21)')
  })

  test.each([0, -1, -3, 8193])('is damaged by a payload length of %d', (length) => {
    const bytes = store([one])
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(4, length, true)
    expect(() => [...storedBlocks(bytes)]).toThrow(`claims ${length} bytes`)
  })

  test('of an old backup may end with the place where the relation was truncated', () => {
    const bytes = store([one, { block: 9, payload: new Uint8Array(5) }])
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(21 + 4, -2, true)
    const walk = storedBlocks(bytes)
    expect(walk.next().value).toMatchObject({ block: 4, position: 0 })
    expect(walk.next()).toEqual({ done: true, value: 9 })
  })
})
