import { expect, test } from 'vitest'
import { EngineError } from './engine-error.ts'
import { formatLsn, lsnFromHalves, parseLsn } from './lsn.ts'

test.each(['0/0', '0/16B3748', '16/B374D848', 'FFFFFFFF/FFFFFFFF'])(
  'reads back %s as it was written',
  (text) => {
    expect(formatLsn(parseLsn(text))).toBe(text)
  },
)

test.each(['', '16', '16/', '/B3', '1/2/3', '100000000/0'])('refuses %j', (text) => {
  expect(() => parseLsn(text)).toThrow(EngineError)
})

test('orders across the 4 GiB boundary', () => {
  expect(parseLsn('0/FFFFFFFF') < parseLsn('1/0')).toBe(true)
})

test('halves with the top bit set stay unsigned', () => {
  expect(lsnFromHalves(-1, -1)).toBe(parseLsn('FFFFFFFF/FFFFFFFF'))
})
