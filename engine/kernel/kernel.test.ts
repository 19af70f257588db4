import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LSN_NONE, type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import { lz4Compress, lz4DecompressInto } from '../format/lz4.ts'
import { pageChecksum } from '../format/page-checksum.ts'
import { PAGE_BYTES } from '../format/page-header.ts'
import { compileKernel, formatKernelCode } from './compile-kernel.ts'
import { KERNEL_CODE } from './kernel-code.ts'
import { kernel } from './kernel.ts'
import { MOST_RESERVED_BYTES, MOST_SCANNED_PAGES, type PageKernel, SCANNED } from './page-kernel.ts'
import { openTwinKernel } from './twin-kernel.ts'
import { openWasmKernel, type WasmRuntime } from './wasm-kernel.ts'

const wasm = requireWasm()
const twin = openTwinKernel()
const both: readonly [name: string, kernel: PageKernel][] = [
  ['wasm', wasm],
  ['twin', twin],
]
/** Inside the memory of the kernel, and the same bytes outside of it. */
const inside = wasm.reserve(64 * PAGE_BYTES)

function requireWasm(): PageKernel {
  const opened = openWasmKernel()
  if (opened === undefined) throw new Error('this runtime refuses the kernel')
  return opened
}

const BLOCK = 131_072 * 3 + 5

/** A page in use: header of the worked example of the catalog format, section 5.4, and bytes that depend on `seed`. */
function soundPage(blockNumber: number, seed: number, lsn: Lsn = parseLsn('0/178D060')): Uint8Array {
  const page = Uint8Array.from(
    { length: PAGE_BYTES },
    (_, at) => ((at * 2654435761 + seed * 40503) >>> 13) & 255,
  )
  page.set(Buffer.from('0000000060d078012fbe00004000c01e0020042000000000', 'hex'))
  const view = new DataView(page.buffer)
  view.setUint32(0, Number(lsn >> 32n), true)
  view.setUint32(4, Number(lsn & 0xffff_ffffn), true)
  view.setUint16(8, pageChecksum(page, blockNumber), true)
  return page
}

/** The second half is of another moment: what a read during a write gets. */
function tornPage(blockNumber: number, seed: number): Uint8Array {
  const page = soundPage(blockNumber, seed)
  page.set(soundPage(blockNumber, seed + 1).subarray(4096), 4096)
  return page
}

const anyLsn = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((value) => lsnFromBigint(value))

const anyPage = fc.oneof(
  fc.tuple(fc.nat({ max: 999 }), anyLsn).map(
    ([seed, lsn]) =>
      (block: number) =>
        soundPage(block, seed, lsn),
  ),
  fc.nat({ max: 999 }).map((seed) => (block: number) => tornPage(block, seed)),
  fc.constant(() => new Uint8Array(PAGE_BYTES)),
  // One byte in a page of zeroes, and one changed bit anywhere in a sound one.
  fc.nat({ max: PAGE_BYTES - 1 }).map((at) => () => new Uint8Array(PAGE_BYTES).fill(1, at, at + 1)),
  fc.tuple(fc.nat({ max: 27 }), fc.nat({ max: 7 })).map(([at, bit]) => (block: number) => {
    const page = soundPage(block, at)
    page[at] = (page[at] ?? 0) ^ (1 << bit)
    return page
  }),
  fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((garbage) => () => Uint8Array.from({ length: PAGE_BYTES }, (_, at) => garbage[(at * 7) & 31] ?? 0)),
)

/** What packs well, badly and not at all, with matches near and far and of every length. */
const packablePage = fc.oneof(
  anyPage.map((make) => make(BLOCK)),
  fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 300 })), { maxLength: 200 })
    .map((parts) => {
      const page = new Uint8Array(PAGE_BYTES)
      let at = 0
      for (const [bytes, times] of parts)
        for (let time = 0; time < times && at + bytes.length <= PAGE_BYTES; time++, at += bytes.length)
          page.set(bytes, at)
      return page
    }),
)

/** Of the first page of the second segment. */
const FIRST = 131_072

function record(block: number, page: Uint8Array, payloadBytes = PAGE_BYTES): Uint8Array {
  const header = new DataView(new ArrayBuffer(8))
  header.setUint32(0, block, true)
  header.setUint32(4, payloadBytes, true)
  return Buffer.concat([new Uint8Array(header.buffer), page])
}

const records = new Map([wasm, twin].map((of) => [of, of.reserve(64 << 10)]))

function scan(of: PageKernel, pages: Uint8Array, expected: Parameters<PageKernel['scanPages']>[1]) {
  const { verdicts, checksums, lsns } = of.scanPages(pages, expected)
  const count = pages.length / PAGE_BYTES
  return {
    verdicts: [...verdicts.subarray(0, count)],
    checksums: [...checksums.subarray(0, count)],
    lsns: [...lsns.subarray(0, count)],
  }
}

test('this runtime has the kernel in WebAssembly', () => {
  expect(kernel.kind).toBe('wasm')
})

test('the kernel in the tree is what its source compiles to', async () => {
  const code = await compileKernel()
  expect(Buffer.from(code).toString('base64')).toBe(KERNEL_CODE)
  const text = readFileSync(path.join(import.meta.dirname, 'kernel-code.ts'), 'utf8')
  expect(formatKernelCode(code)).toBe(text)
}, 60_000)

describe.each(both)('%s:', (_name, tested) => {
  test('CRC-32C has the known values', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, at) => at)
    expect(tested.crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
    expect(tested.crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(tested.crc32c(ascending)).toBe(0x46dd794e)
    expect(tested.crc32c(new Uint8Array(0), 7)).toBe(7)
    // Long enough for every path; the value is that of the definition, one bit at a time.
    expect(tested.crc32c(soundPage(BLOCK, 1))).toBe(plainCrc(soundPage(BLOCK, 1)))
  })

  test('LZ4 blocks are the same bytes wherever page and block lie', () => {
    const page = tested === wasm ? inside.subarray(0, PAGE_BYTES) : new Uint8Array(PAGE_BYTES)
    const elsewhere = new Uint8Array(PAGE_BYTES)
    const unpacked =
      tested === wasm ? inside.subarray(PAGE_BYTES, 2 * PAGE_BYTES) : new Uint8Array(PAGE_BYTES)
    fc.assert(
      fc.property(packablePage, (bytes) => {
        page.set(bytes)
        const block = Uint8Array.from(tested.compressLz4(page))
        expect(Buffer.compare(block, lz4Compress(bytes))).toBe(0)
        expect(Buffer.compare(Uint8Array.from(tested.compressLz4(bytes)), block)).toBe(0)
        for (const target of [elsewhere, unpacked]) {
          target.fill(0xee)
          expect(tested.decompressLz4(tested.compressLz4(page), target)).toBe(true)
          expect(Buffer.compare(target, bytes)).toBe(0)
          target.fill(0xee)
          expect(tested.decompressLz4(block, target)).toBe(true)
          expect(Buffer.compare(target, bytes)).toBe(0)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('damaged LZ4 blocks are refused or unpacked as the codec does it, and touch nothing else', () => {
    const room = tested === wasm ? inside.subarray(0, 3 * PAGE_BYTES) : new Uint8Array(3 * PAGE_BYTES)
    const page = room.subarray(PAGE_BYTES, 2 * PAGE_BYTES)
    fc.assert(
      fc.property(
        packablePage,
        fc.nat(),
        fc.nat({ max: 255 }),
        fc.nat({ max: 40 }),
        (bytes, at, value, cut) => {
          const whole = lz4Compress(bytes)
          const block = whole.slice(0, whole.length - (cut > 20 ? 0 : cut))
          block[at % block.length] = value
          room.fill(0xee)
          const expected = new Uint8Array(PAGE_BYTES)
          let isSound = true
          try {
            lz4DecompressInto(block, expected)
          } catch {
            isSound = false
          }
          expect(tested.decompressLz4(block, page)).toBe(isSound)
          if (isSound) expect(Buffer.compare(page, expected)).toBe(0)
          const untouched = new Uint8Array(PAGE_BYTES).fill(0xee)
          expect(Buffer.compare(room.subarray(0, PAGE_BYTES), untouched)).toBe(0)
          expect(Buffer.compare(room.subarray(2 * PAGE_BYTES), untouched)).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
    expect(tested.decompressLz4(new Uint8Array(0), page)).toBe(false)
  })

  test('pages of every kind get the verdict that the catalog format says', () => {
    const old = parseLsn('0/1000')
    const recent = parseLsn('F1020304/F5060708')
    const horizon = parseLsn('0/178D060')
    const broken = soundPage(BLOCK + 3, 3)
    broken[19] = 0x40
    const pages = [
      soundPage(BLOCK, 0),
      new Uint8Array(PAGE_BYTES),
      tornPage(BLOCK + 2, 2),
      broken,
      soundPage(BLOCK + 4, 4, old),
      soundPage(BLOCK + 5, 5, LSN_NONE),
      soundPage(BLOCK + 6, 6, recent),
      // Of another place.
      soundPage(BLOCK, 7),
    ]
    const all = Buffer.concat(pages)
    const found = scan(tested, all, { firstBlock: BLOCK, hasChecksums: true, horizon, stopLsn: horizon })
    expect(found.verdicts).toEqual([
      SCANNED.valid,
      SCANNED.zeroed,
      SCANNED.checksumMismatch,
      SCANNED.headerInvalid,
      SCANNED.unchanged,
      SCANNED.valid,
      SCANNED.lsnFromFuture,
      SCANNED.checksumMismatch,
    ])
    expect(found.lsns).toEqual([horizon, 0n, horizon, 0n, old, 0n, recent, horizon])
    expect(found.checksums[1]).toBe(0)
    expect(found.checksums[3]).toBe(0)
    expect(found.checksums[4]).toBe(Buffer.from(pages[4] ?? []).readUInt16LE(8))
    // Without checksums, horizon and end, only what the header says counts; the sum is given all the same.
    const lax = scan(tested, all, { firstBlock: BLOCK, hasChecksums: false })
    expect(lax.verdicts).toEqual([0, 1, 0, 2, 0, 0, 0, 0])
    expect(lax.checksums).toEqual(found.checksums)
  })

  test('a horizon parts pages at its very LSN, above 32 bits and above 63 as well', () => {
    for (const text of ['0/FFFFFFFF', '1/0', '7FFFFFFF/FFFFFFFF', 'FFFFFFFF/FFFFFFFE']) {
      const lsn = parseLsn(text)
      const page = soundPage(BLOCK, 1, lsn)
      const verdictAt = (horizon: bigint, stopLsn: bigint): number | undefined =>
        scan(tested, page, {
          firstBlock: BLOCK,
          hasChecksums: true,
          horizon: lsnFromBigint(horizon),
          stopLsn: lsnFromBigint(stopLsn),
        }).verdicts[0]
      expect(verdictAt(lsn, lsn)).toBe(SCANNED.valid)
      expect(verdictAt(lsn + 1n, lsn)).toBe(SCANNED.unchanged)
      expect(verdictAt(lsn, lsn - 1n)).toBe(SCANNED.lsnFromFuture)
    }
  })

  test('records are looked at up to the first that is not plainly sound', () => {
    const stopLsn = parseLsn('0/178D060')
    const page = (block: number): Uint8Array => soundPage(FIRST + block, block)
    const future = soundPage(FIRST + 3, 3, parseLsn('0/178D061'))
    const seen = (parts: readonly Uint8Array[], lastBlock = -1, more = {}): number => {
      const bytes = records.get(tested)?.subarray(0, Buffer.concat(parts).length) ?? new Uint8Array()
      bytes.set(Buffer.concat(parts))
      return tested.scanRecords(bytes, {
        firstBlock: FIRST,
        lastBlock,
        hasChecksums: true,
        stopLsn,
        ...more,
      })
    }
    const sound = [record(0, page(0)), record(1, new Uint8Array(PAGE_BYTES)), record(7, page(7))]
    expect(seen(sound)).toBe(3)
    expect(seen([])).toBe(0)
    expect(seen([...sound, record(8, page(8)).subarray(0, -1)])).toBe(3)
    expect(seen(sound, 0)).toBe(0)
    expect(seen([record(2, page(2)), record(2, page(2))])).toBe(1)
    expect(seen([record(131_071, page(131_071))])).toBe(1)
    expect(seen([record(131_072, page(131_072))])).toBe(0)
    expect(seen([record(0, page(0)), record(1, page(1), 8191)])).toBe(1)
    expect(seen([record(0, page(0)), record(1, tornPage(FIRST + 1, 1))])).toBe(1)
    expect(seen([record(0, page(1))])).toBe(0)
    expect(seen([record(0, page(1))], -1, { hasChecksums: false })).toBe(1)
    expect(seen([record(3, future), record(4, page(4))])).toBe(0)
    expect(seen([record(3, future)], -1, { stopLsn: LSN_NONE })).toBe(1)
  })

  test('buffers are reserved until there is no more room', () => {
    const own = tested.kind === 'wasm' ? requireWasm() : openTwinKernel()
    const first = own.reserve(5000)
    const second = own.reserve(MOST_RESERVED_BYTES - 8192)
    expect([first.length, second.length]).toEqual([5000, MOST_RESERVED_BYTES - 8192])
    first.fill(1)
    expect(second.every((byte) => byte === 0)).toBe(true)
    expect(() => own.reserve(8192)).toThrow('too many')
  })

  test('a scan of too many or of broken-off pages is refused', () => {
    const expected = { firstBlock: 0, hasChecksums: false }
    expect(() => tested.scanPages(new Uint8Array(PAGE_BYTES + 1), expected)).toThrow('whole pages')
    expect(() => tested.scanPages(new Uint8Array((MOST_SCANNED_PAGES + 1) * PAGE_BYTES), expected)).toThrow(
      '128',
    )
    expect(scan(tested, new Uint8Array(MOST_SCANNED_PAGES * PAGE_BYTES), expected).verdicts).toEqual(
      Array.from({ length: MOST_SCANNED_PAGES }, () => SCANNED.zeroed),
    )
  })
})

describe('wasm and twin agree', () => {
  test('on the CRC-32C of any bytes, wherever they lie and however they are cut', () => {
    const noise = Uint8Array.from({ length: 4096 }, (_, at) => ((at * 2654435761) >>> 11) & 255)
    fc.assert(
      fc.property(
        fc.nat({ max: 1500 }),
        fc.nat({ max: 40 }),
        fc.nat({ max: 1500 }),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        (length, offset, cut, previous) => {
          const part = noise.subarray(offset * 7, offset * 7 + length)
          inside.set(part, offset)
          const placed = inside.subarray(offset, offset + length)
          const expected = twin.crc32c(part, previous)
          expect(wasm.crc32c(placed, previous)).toBe(expected)
          expect(wasm.crc32c(part, previous)).toBe(expected)
          expect(wasm.crc32c(placed.subarray(cut), wasm.crc32c(placed.subarray(0, cut), previous))).toBe(
            expected,
          )
          expect(Buffer.compare(placed, part)).toBe(0)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('on the records of a file, whatever is in it', () => {
    const anyRecord = fc.record({
      step: fc.constantFrom(1, 1, 1, 2, 0, -1),
      page: anyPage,
      payloadBytes: fc.constantFrom(...Array.from({ length: 9 }, () => PAGE_BYTES), 100),
    })
    fc.assert(
      fc.property(
        fc.array(anyRecord, { maxLength: 6 }),
        fc.nat({ max: 20 }),
        fc.boolean(),
        fc.oneof(anyLsn, fc.constant(LSN_NONE)),
        (made, cutOff, hasChecksums, stopLsn) => {
          let block = 5
          const bytes = Buffer.concat(
            made.map(({ step, page, payloadBytes }) =>
              record((block += step), page(FIRST + block), payloadBytes),
            ),
          )
          const counts = [wasm, twin].map((of) => {
            const placed = records.get(of)?.subarray(0, Math.max(0, bytes.length - cutOff)) ?? bytes
            placed.set(bytes.subarray(0, placed.length))
            return of.scanRecords(placed, { firstBlock: FIRST, lastBlock: 5, hasChecksums, stopLsn })
          })
          expect(counts[0]).toBe(counts[1])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('on the CRC-32C at every length around the steps of the fold', () => {
    const noise = soundPage(BLOCK, 9)
    for (let length = 0; length <= 1100; length++) {
      inside.set(noise.subarray(0, length), 1)
      expect(wasm.crc32c(inside.subarray(1, 1 + length))).toBe(twin.crc32c(noise.subarray(0, length)))
    }
  })

  test('on the CRC-32C of more than the scratch area holds', () => {
    const bytes = new Uint8Array((MOST_SCANNED_PAGES * 2 + 3) * PAGE_BYTES + 5)
    for (let at = 0; at < bytes.length; at += 97) bytes[at] = at
    expect(wasm.crc32c(bytes, 3)).toBe(twin.crc32c(bytes, 3))
  })

  test('on every page, in a scan, alone, and outside of the kernel', () => {
    fc.assert(
      fc.property(
        fc.array(anyPage, { minLength: 1, maxLength: 6 }),
        fc.nat({ max: 0xffff_0000 }),
        fc.boolean(),
        anyLsn,
        fc.option(anyLsn, { nil: undefined }),
        fc.nat({ max: 15 }),
        (makers, firstBlock, hasChecksums, horizon, stopLsn, offset) => {
          const pages = makers.map((make, index) => make(firstBlock + index))
          const outside = Buffer.concat(pages)
          inside.set(outside, offset)
          const placed = inside.subarray(offset, offset + outside.length)
          const expected = { firstBlock, hasChecksums, horizon, stopLsn }
          const right = scan(twin, outside, expected)
          expect(scan(wasm, placed, expected)).toEqual(right)
          expect(scan(wasm, outside, expected)).toEqual(right)
          expect(Buffer.compare(placed, outside)).toBe(0)
          for (const [index, page] of pages.entries()) {
            const blockNumber = firstBlock + index
            const alone = { blockNumber, hasChecksums, stopLsn }
            expect(wasm.examinePage(page, alone)).toEqual(twin.examinePage(page, alone))
            expect(wasm.pageChecksum(page, blockNumber)).toBe(twin.pageChecksum(page, blockNumber))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('where WebAssembly is refused', () => {
  const fail = (failure: Error): never => {
    throw failure
  }
  const runtime = (failure: Error): WasmRuntime => ({
    Module: class {
      readonly never = fail(failure)
    },
    Instance: class {
      readonly exports = {}
    },
  })
  const named = (name: string): Error => Object.assign(new Error('refused'), { name })

  test.each(['CompileError', 'RangeError'])('after a %s the twin is left', (name) => {
    expect(openWasmKernel(runtime(named(name)))).toBeUndefined()
  })

  test('a failure of another kind is not hidden', () => {
    expect(() => openWasmKernel(runtime(named('TypeError')))).toThrow('refused')
  })
})

test('the table of the fold follows from the polynomial', () => {
  const source = readFileSync(path.join(import.meta.dirname, 'assembly', 'crc32c.ts'), 'utf8')
  const text = /FOLD = memory\.data<u8>\(\[(?<bytes>[^\]]*)\]/.exec(source)?.groups?.['bytes'] ?? ''
  const table = [...text.matchAll(/0x[\da-f]{2}\b/g)].map(([byte]) => Number(byte))
  expect(table.length).toBe(128)
  for (let nibble = 0; nibble < 16; nibble++) {
    for (const shift of [0, 4]) {
      // 112 bytes behind the byte that is left out, the register must be the same by way of the four others.
      let folded = 0
      for (let plane = 0; plane < 4; plane++) {
        folded ^= after(table[(plane * 2 + shift / 4) * 16 + nibble] ?? 0, 16 * (3 - plane))
      }
      expect(folded >>> 0).toBe(after(nibble << shift, 112))
    }
  }
})

/** One bit at a time, from the definition. */
function plainCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = afterByte(crc ^ byte)
  return ~crc >>> 0
}

/** The register after eight more bits of zero. */
function afterByte(register: number): number {
  let crc = register
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc >>> 0
}

/** The register after `count` bytes of zero. */
function after(register: number, count: number): number {
  let crc = register
  for (let done = 0; done < count; done++) crc = afterByte(crc)
  return crc
}
