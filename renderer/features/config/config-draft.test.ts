import { describe, expect, test } from 'vitest'
import type { InstanceSetting } from '../../../engine/api/contract/instances.ts'
import {
  changesOf,
  joinUnit,
  setConfigCommand,
  shownDefault,
  splitUnit,
  stateOf,
  withText,
} from './config-draft.ts'

const setting = (given: Partial<InstanceSetting>): InstanceSetting => ({
  group: 'Archive parameters',
  key: 'archive-timeout',
  own: undefined,
  defaultValue: undefined,
  isOverridden: false,
  isFixed: false,
  onlyIn: undefined,
  kind: 'text',
  choices: [],
  least: undefined,
  most: undefined,
  unit: undefined,
  ...given,
})
const TIMEOUT = setting({
  kind: 'number',
  unit: 'seconds',
  own: '2min',
  defaultValue: '5min',
  isOverridden: true,
})

describe('a draft of settings', () => {
  test('has no change where the field says again what the file says', () => {
    const typed = withText({}, TIMEOUT, '10min')
    expect(typed).toEqual({ 'archive-timeout': '10min' })
    expect(withText(typed, TIMEOUT, '2min')).toEqual({})
    expect(changesOf(typed, [TIMEOUT])).toEqual(typed)
    expect(changesOf(typed, [{ ...TIMEOUT, own: '10min' }])).toEqual({})
    expect(changesOf({ 'no-such-key': 'x' }, [TIMEOUT])).toEqual({})
  })

  test.each([
    [TIMEOUT, {}, 'overridden'],
    [TIMEOUT, { 'archive-timeout': '' }, 'default'],
    [TIMEOUT, { 'archive-timeout': '5min' }, 'same'],
    [{ ...TIMEOUT, own: '5min', isOverridden: false }, {}, 'same'],
    [setting({ own: 'db' }), {}, 'set'],
    [setting({ own: '7', isFixed: true }), {}, 'fixed'],
  ] as const)('says how a setting stands to its default %#', (one, draft, state) => {
    expect(stateOf(one, draft)).toBe(state)
  })
})

describe('a number with a unit', () => {
  test('is offered without one where the default is nothing, and in a unit that most will want', () => {
    const rotation = setting({ kind: 'number', unit: 'kilobytes', defaultValue: '0TB' })
    expect(shownDefault(rotation)).toBe('0')
    expect(splitUnit(rotation, '')).toEqual({ number: '', unit: 'MB' })
    expect(splitUnit(rotation, shownDefault(rotation) ?? '')).toEqual({ number: '0', unit: 'kB' })
    expect(shownDefault(TIMEOUT)).toBe('5min')
  })

  test.each([
    ['90s', { number: '90', unit: 's' }],
    ['2min', { number: '2', unit: 'min' }],
    ['', { number: '', unit: 'min' }],
    ['7', { number: '7', unit: 'min' }],
    ['soonmin', { number: 'soon', unit: 'min' }],
    ['1 h', { number: '1', unit: 'h' }],
  ])('"%s" is split', (text, parts) => {
    expect(splitUnit(TIMEOUT, text)).toEqual(parts)
  })

  test('is put together, and nothing is nothing', () => {
    expect(joinUnit(' 3 ', 'h')).toBe('3h')
    expect(joinUnit(' ', 'h')).toBe('')
    expect(joinUnit('soon', 'h')).toBe('soon h')
  })
})

test('the command can be pasted into a shell', () => {
  const command = setConfigCommand(
    { catalog: '/my backups', instance: 'main' } as Parameters<typeof setConfigCommand>[0],
    { 'restore-command': "cp '%f' %p", 'wal-depth': '', 'archive-timeout': '5min' },
  )
  expect(command).toBe(
    "tidemark set-config -B '/my backups' --instance=main --restore-command='cp '\\''%f'\\'' %p' --wal-depth= --archive-timeout=5min",
  )
})
