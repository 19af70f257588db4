import { describe, expect, test } from 'vitest'
import type { PreflightLine, RestorePlan } from '../../../engine/api/contract/restore.ts'
import { PREFLIGHT_HINTS } from '../../../engine/base/preflight-hints.ts'
import { fixesOf, openWarnings, replacesData, warningKey } from './preflight-fixes.ts'

function line(state: PreflightLine['state'], code: string, hint?: string, values = {}): PreflightLine {
  return {
    code: 'target-directory',
    state,
    sentence: { code, values },
    hint: hint === undefined ? undefined : { code: hint, values: {} },
  }
}

describe('the fixes of a line', () => {
  test('are none where all is right', () => {
    expect(fixesOf(line('ok', 'status-ok', 'let-validate'))).toEqual([])
  })

  test('of a directory that is not empty are to keep what is the same, to move it aside, or another place', () => {
    const labels = (hint: string) =>
      fixesOf(line('blocked', 'target-occupied', hint)).map(({ label }) => label)
    expect(labels('empty-or-incremental')).toEqual(['incremental', 'aside', 'where'])
    expect(labels('empty-directory')).toEqual(['aside', 'where'])
  })

  test('of what could not be looked at is to look again', () => {
    expect(fixesOf(line('unknown', 'clock-unknown')).map(({ label }) => label)).toEqual(['again'])
  })

  test('of a server that runs are to look again once it was stopped, or another place', () => {
    const fixes = fixesOf(line('blocked', 'target-running', 'other-directory'))
    expect(fixes.map(({ label }) => label)).toEqual(['again', 'where'])
  })

  // What only the machine can mend has no button; the hint says what to do.
  const OUTSIDE = new Set([
    'validated-first',
    'continued',
    'overwritten',
    'wiped',
    'kept-aside',
    'archive-wal-first',
    'drop-excluded',
    'room-for-wal',
    'given-to-owner',
    'look-at-configuration',
    'remove-leftovers',
    'archiving-off',
    'drop-slots',
    'install-server',
    'right-server',
  ])
  test.each(Object.keys(PREFLIGHT_HINTS))('follow the hint %s', (hint) => {
    expect(fixesOf(line('blocked', 'x', hint)).length > 0).toBe(!OUTSIDE.has(hint))
  })
})

describe('warnings', () => {
  const plan = (lines: readonly PreflightLine[]) => ({ preflight: lines }) as unknown as RestorePlan

  test('are open until they were ticked, and again when they are about something else', () => {
    const before = line('warning', 'target-checksum', undefined, { path: '/a' })
    expect(openWarnings(plan([before, line('ok', 'x')]), [])).toEqual([before])
    expect(openWarnings(plan([before]), [warningKey(before)])).toEqual([])
    const after = line('warning', 'target-checksum', undefined, { path: '/b' })
    expect(openWarnings(plan([after]), [warningKey(before)])).toEqual([after])
  })

  test('about room stay ticked while what is free goes up and down', () => {
    const of = (free: number) => line('warning', 'space-tight', undefined, { need: 5, free })
    expect(openWarnings(plan([of(6)]), [warningKey(of(7))])).toEqual([])
  })

  test('about clocks stay ticked while the measured difference wavers', () => {
    const of = (seconds: string) => line('warning', 'clock-ahead', undefined, { seconds })
    expect(openWarnings(plan([of('5.3')]), [warningKey(of('5.4'))])).toEqual([])
  })
})

test('the name has to be typed where data is replaced, and not to go on with an interrupted restore', () => {
  const incremental = { mode: 'checksum', continues: undefined } as unknown as RestorePlan['incremental']
  expect(replacesData({ incremental })).toBe(true)
  expect(replacesData({ incremental: undefined })).toBe(false)
  const continues = { backupId: 'A', instance: 'main', startedAt: '' }
  expect(replacesData({ incremental: incremental && { ...incremental, continues } })).toBe(false)
  expect(replacesData({ incremental: incremental && { ...incremental, mode: 'none' } })).toBe(false)
})
