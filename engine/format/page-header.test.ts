import { describe, expect, test } from 'vitest'
import { LSN_NONE, parseLsn } from '../base/lsn.ts'
import { pageChecksum } from './page-checksum.ts'
import { decodePageHeader, examinePage, PAGE_BYTES, pageLsn } from './page-header.ts'

/** The start of the page in the worked example of the catalog format, section 5.4. */
const START = Buffer.from('0000000060d078012fbe00004000c01e0020042000000000', 'hex')
const BLOCK = 7

function soundPage(): Uint8Array {
  const page = new Uint8Array(PAGE_BYTES)
  page.set(START)
  page.fill(0x5a, 8000)
  const checksum = pageChecksum(page, BLOCK)
  page[8] = checksum
  page[9] = checksum >>> 8
  return page
}

const expected = { blockNumber: BLOCK, hasChecksums: true }

describe('the header of a page', () => {
  test('is read as the worked example says', () => {
    const page = new Uint8Array(PAGE_BYTES)
    page.set(START)
    expect(decodePageHeader(page)).toEqual({
      lsn: parseLsn('0/178D060'),
      checksum: 48687,
      flags: 0,
      lower: 64,
      upper: 7872,
      special: 8192,
      pageBytes: 8192,
      layoutVersion: 4,
      pruneXid: 0,
    })
  })

  test('holds the LSN as two halves, high first', () => {
    const page = soundPage()
    page.set([0x04, 0x03, 0x02, 0xf1, 0x08, 0x07, 0x06, 0xf5])
    expect(pageLsn(page)).toBe(parseLsn('F1020304/F5060708'))
  })
})

describe('a page', () => {
  test('is valid when nothing speaks against it', () => {
    const page = soundPage()
    expect(examinePage(page, expected)).toEqual({
      verdict: 'valid',
      lsn: parseLsn('0/178D060'),
      checksum: decodePageHeader(page).checksum,
    })
  })

  test('is zeroed when it holds nothing at all', () => {
    const page = new Uint8Array(PAGE_BYTES)
    expect(examinePage(page, expected)).toEqual({ verdict: 'zeroed', lsn: LSN_NONE, checksum: 0 })
    page[8191] = 1
    expect(examinePage(page, expected).verdict).toBe('header-invalid')
  })

  test.each([
    ['page size', 19, [0x40]],
    ['unknown flags', 10, [0x08]],
    ['lower inside the header', 12, [0x10]],
    ['lower beyond upper', 13, [0x1f]],
    ['upper beyond special', 15, [0x21]],
    ['special beyond the page', 17, [0x21]],
    ['special not on a multiple of 8', 16, [0xfc, 0x1f]],
  ])('has an invalid header with a wrong %s', (_what, at, bytes) => {
    const page = soundPage()
    page.set(bytes, at)
    expect(examinePage(page, { ...expected, hasChecksums: false }).verdict).toBe('header-invalid')
  })

  test('fails its checksum after one flipped bit, or in the wrong place', () => {
    const page = soundPage()
    expect(examinePage(page, { ...expected, blockNumber: BLOCK + 1 }).verdict).toBe('checksum-mismatch')
    page[5000] = 1
    expect(examinePage(page, expected).verdict).toBe('checksum-mismatch')
    expect(examinePage(page, { ...expected, hasChecksums: false }).verdict).toBe('valid')
  })

  test('comes from the future only beyond the stop LSN, and when there is one', () => {
    const page = soundPage()
    const verdict = (stopLsn: string): string =>
      examinePage(page, { ...expected, stopLsn: parseLsn(stopLsn) }).verdict
    expect(verdict('0/178D05F')).toBe('lsn-from-future')
    expect(verdict('0/178D060')).toBe('valid')
    expect(verdict('0/0')).toBe('valid')
  })
})
