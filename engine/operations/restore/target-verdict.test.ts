import { afterEach, describe, expect, test } from 'vitest'
import type { Lsn } from '../../base/lsn.ts'
import type { ReadableBackup } from '../steps/chain-file.ts'
import type { JudgedTarget } from './judge-target.ts'
import { requireReachable, targetLine, whyUnreachable } from './target-verdict.ts'

const zone = process.env['TZ']
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

const reach = {
  timeline: 1,
  lsn: 0x3000028n as Lsn,
  endLsn: 0x3000060n as Lsn,
  xid: 741,
  micros: BigInt(Date.UTC(2026, 10, 21, 0, 41, 7)) * 1000n + 123_456n,
}
const problem = {
  what: 'missing',
  lsn: reach.endLsn,
  segment: '000000010000000000000004',
  message: '',
} as const
const judged = (check: JudgedTarget['check']): JudgedTarget => ({
  chosen: { backup: {} as ReadableBackup, chain: [], path: [], isDoubtful: false },
  check,
})
const short = judged({ kind: 'not-reached', reach, problem, isEnd: true })
const unread = judged({ kind: 'unread', reach })

test('how far recovery can be done is said in local time with its offset', () => {
  process.env['TZ'] = 'Asia/Shanghai'
  expect(whyUnreachable(short)).toBe(
    'recovery can be done up to time 2026-11-21 08:41:07.123456+08, xid 741, LSN 0/3000060 on timeline 1',
  )
})

test.each([
  ['zeroed', /: of WAL segment 000000010000000000000004 only the beginning is there, up to 0\/3000060$/],
  ['wrong-address', /only the beginning is there/],
  ['crc-mismatch', /: the record fails its checksum$/],
] as const)('why WAL is %s before its end is said by what is there', (what, message) => {
  const broken = { ...problem, what, message: 'the record fails its checksum' }
  expect(whyUnreachable(judged({ kind: 'not-reached', reach, problem: broken, isEnd: false }))).toMatch(
    message,
  )
})

test('a timeline that leads to the target is named, in what is said and in what to do', () => {
  const other = { ...short, otherTimeline: 2 }
  expect(whyUnreachable(other)).toMatch(/ on timeline 1; on timeline 2 it is reached$/)
  expect(() =>
    requireReachable({ ...other, chosen: { ...other.chosen, backup: { id: 'B' } as ReadableBackup } }),
  ).toThrow(expect.objectContaining({ hint: expect.stringContaining('--recovery-target-timeline=2') }))
  const asked = {
    target: { kind: 'latest' },
    isValidated: true,
    isForced: false,
    restoreCommand: undefined,
  } as const
  expect(targetLine(other, asked)?.hint).toEqual({
    code: 'other-timeline',
    values: { timeline: 2 },
    text: 'Follow timeline 2, which leads to the target.',
  })
})

describe('a target', () => {
  const target = { kind: 'name', name: 'nowhere' } as const
  const asked = { target, isValidated: true, isForced: false, restoreCommand: undefined }
  const unvalidated = { ...asked, isValidated: false }

  test.each([
    ['with validation', asked, 'blocked'],
    ['with validation and a command', { ...asked, restoreCommand: 'cp %f %p' }, 'blocked'],
    ['without validation', unvalidated, 'blocked'],
    ['without validation and the command none', { ...unvalidated, restoreCommand: 'none' }, 'blocked'],
    ['without validation, WAL from elsewhere', { ...unvalidated, restoreCommand: 'cp %f %p' }, 'warning'],
    ['by force', { ...unvalidated, isForced: true }, 'warning'],
  ])('that is not reached, %s', (_, input, state) => {
    expect(targetLine(short, input)).toMatchObject({ state, sentence: { code: 'wal-ends' } })
  })

  test('to which WAL was not read yet is read to when the restore starts, if it is validated', () => {
    expect(targetLine(unread, asked)).toMatchObject({ state: 'ok', sentence: { code: 'wal-read-at-start' } })
    expect(targetLine(unread, { ...unvalidated, target: { kind: 'latest' } })).toMatchObject({
      state: 'warning',
      sentence: { code: 'wal-unchecked' },
    })
  })

  test('that is a name is looked for without validation too, unless WAL comes from elsewhere', () => {
    expect(targetLine(unread, unvalidated)).toMatchObject({ sentence: { code: 'wal-read-at-start' } })
    expect(targetLine(unread, { ...unvalidated, restoreCommand: 'cp %f %p' })).toMatchObject({
      state: 'warning',
      sentence: { code: 'wal-unchecked' },
    })
  })

  test('that there is none of has no line', () => {
    expect(targetLine(judged(undefined), { ...asked, target: undefined })).toBeUndefined()
  })
})
