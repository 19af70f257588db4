import { assert as check, bigInt, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { parseLsn } from '../base/lsn.ts'
import type { RecoveryTarget } from '../format/recovery-settings.ts'
import { formatTarget, readTarget, readTargetOptions, type TargetOptions } from './recovery-target.ts'
import { formatTargetTime, isoMicros, parseTargetTime } from './recovery-time-text.ts'

const microsOf = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof EngineError && thrown.hint !== undefined) return thrown.code
    throw thrown
  }
  return 'none'
}

describe('the time of a target', () => {
  test.each([
    ['2026-11-20 09:12:41.118+08', '2026-11-20T01:12:41.118Z'],
    ['2026-11-20T09:12:41Z', '2026-11-20T09:12:41Z'],
    ['2026-11-20 09:12:41 UTC', '2026-11-20T09:12:41Z'],
    ['2026-11-20 09:12:41-03:30', '2026-11-20T12:42:41Z'],
    ['2026-11-20 09:12+0530', '2026-11-20T03:42:00Z'],
    ['2026-11-20 00:00:00+00:00:30', '2026-11-19T23:59:30Z'],
    ['1999-12-31 23:59:59.5+00', '1999-12-31T23:59:59.5Z'],
  ])('%s has its own offset', (text, iso) => {
    expect(parseTargetTime(text)).toBe(microsOf(iso))
    expect(parseTargetTime(text, 'Asia/Tokyo')).toBe(microsOf(iso))
  })

  test('keeps every microsecond', () => {
    expect(parseTargetTime('2026-11-20 09:12:41.000001+00')).toBe(microsOf('2026-11-20T09:12:41Z') + 1n)
    check(
      property(bigInt({ min: -30_000_000_000_000_000n, max: 200_000_000_000_000_000n }), (micros) => {
        expect(parseTargetTime(formatTargetTime(micros))).toBe(micros)
        expect(parseTargetTime(isoMicros(micros))).toBe(micros)
      }),
    )
  })

  test.each([
    ['+08:00', '2026-11-20T01:00:00Z'],
    ['Europe/Berlin', '2026-11-20T08:00:00Z'],
    ['Asia/Kolkata', '2026-11-20T03:30:00Z'],
  ])('without an offset is in the zone %s that the caller names', (zone, iso) => {
    expect(parseTargetTime('2026-11-20 09:00:00', zone)).toBe(microsOf(iso))
  })

  test('on both sides of a change of clocks is told apart', () => {
    const berlin = (text: string): bigint => parseTargetTime(`2026-10-25 ${text}`, 'Europe/Berlin')
    expect(berlin('01:59:59')).toBe(microsOf('2026-10-24T23:59:59Z'))
    expect(berlin('03:00:00')).toBe(microsOf('2026-10-25T02:00:00Z'))
  })

  test.each([
    ['has no offset', '2026-11-20 09:12:41', undefined],
    ['comes twice', '2026-10-25 02:30:00', 'Europe/Berlin'],
    ['does not exist', '2026-03-29 02:30:00', 'Europe/Berlin'],
    ['is in a zone that nobody knows', '2026-11-20 09:12:41', 'Middle/Earth'],
    ['is on a day that no calendar has', '2026-02-29 09:12:41+00', undefined],
    ['is in an hour that no day has', '2026-02-28 24:00:00+00', undefined],
    ['has nanoseconds', '2026-11-20 09:12:41.1234567+00', undefined],
    ['has an offset that no server takes', '2026-11-20 09:12:41+16', undefined],
    ['is infinity', 'infinity', undefined],
    ['is a word of the server', 'now', 'UTC'],
    ['is empty', '', 'UTC'],
  ])('that %s is refused', (_why, text, zone) => {
    expect(codeOf(() => parseTargetTime(text, zone))).toBe('value.malformed')
  })
})

describe('options', () => {
  test.each<[TargetOptions, object]>([
    [{}, { target: undefined, timeline: undefined, action: undefined }],
    [{ time: '2026-11-20 00:00+00' }, { target: { kind: 'time', isInclusive: true } }],
    [
      { xid: '4294968000', isInclusive: false },
      { target: { kind: 'xid', xid: 704, epoch: 1, isInclusive: false } },
    ],
    [{ xid: '704' }, { target: { kind: 'xid', xid: 704, epoch: undefined } }],
    [
      { lsn: '0/16B3748', timeline: '3' },
      { target: { kind: 'lsn', lsn: parseLsn('0/16B3748') }, timeline: 3 },
    ],
    [
      { name: 'before_drop', action: 'promote' },
      { target: { kind: 'name' }, action: 'promote' },
    ],
    [{ target: 'immediate' }, { target: { kind: 'immediate' } }],
    [
      { target: 'latest', timeline: 'latest' },
      { target: { kind: 'latest' }, timeline: 'latest' },
    ],
    [{ timeline: 'current' }, { target: undefined, timeline: 'current' }],
  ])('%o are read', (options, read) => {
    expect(readTargetOptions(options)).toMatchObject(read)
  })

  const each = { time: '2026-11-20 00:00+00', xid: '700', lsn: '0/1', name: 'a', target: 'latest' }
  const kinds = Object.keys(each) as (keyof typeof each)[]
  test.each(
    kinds.flatMap((one) => kinds.filter((other) => other > one).map((other) => [one, other] as const)),
  )('%s and %s exclude each other', (one, other) => {
    const both = { [one]: each[one], [other]: each[other] }
    expect(codeOf(() => readTargetOptions(both))).toBe('usage.invalid')
  })

  test.each<[string, TargetOptions, string]>([
    ['inclusive without a target', { isInclusive: true }, 'usage.invalid'],
    ['inclusive with a name', { name: 'a', isInclusive: false }, 'usage.invalid'],
    ['inclusive with immediate', { target: 'immediate', isInclusive: true }, 'usage.invalid'],
    ['an action without a target', { action: 'pause' }, 'usage.invalid'],
    ['an action that nobody knows', { target: 'latest', action: 'stop' }, 'value.malformed'],
    ['another word for a target', { target: 'newest' }, 'value.malformed'],
    ['timeline 0', { timeline: '0' }, 'value.malformed'],
    ['a timeline in hexadecimal', { timeline: '0x2' }, 'value.malformed'],
    ['a timeline of 33 bits', { timeline: '4294967296' }, 'value.malformed'],
    ['a transaction ID that no transaction has', { xid: '2' }, 'value.malformed'],
    ['one that is none with its epoch', { xid: '4294967297' }, 'value.malformed'],
    ['one of more than 64 bits', { xid: '18446744073709551620' }, 'value.malformed'],
    ['a negative one', { xid: '-5' }, 'value.malformed'],
    ['half an LSN', { lsn: '16B3748' }, 'value.malformed'],
    ['an empty name', { name: '' }, 'value.malformed'],
    ['a name of 64 bytes', { name: 'ä'.repeat(32) }, 'value.malformed'],
  ])('%s is refused', (_what, options, code) => {
    expect(codeOf(() => readTargetOptions(options))).toBe(code)
  })
})

test.each<RecoveryTarget>([
  { kind: 'time', at: '2026-11-20 09:12:41.118000+00' },
  { kind: 'xid', xid: '4294968000' },
  { kind: 'xid', xid: '704' },
  { kind: 'lsn', lsn: '1/16B3748' },
  { kind: 'name', name: 'before_drop' },
  { kind: 'immediate' },
  { kind: 'latest' },
])('$kind is written as it was read', (target) => {
  expect(formatTarget(readTarget(target))).toEqual(target)
})
