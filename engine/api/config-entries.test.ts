import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS } from '../format/instance-config.ts'
import { applyConfigChanges } from '../operations/steps/config-changes.ts'
import { optionsOf } from '../cli/options.ts'
import { instanceSettings } from './config-entries.ts'

const env = { PGUSER: 'ann' }
const settings = instanceSettings(
  {
    values: {
      'system-identifier': '7',
      'retention-window': '14',
      'wal-depth': '0',
      'archive-timeout': '120',
    },
  },
  env,
)
const of = (key: string) => settings.find((one) => one.key === key)

describe('the settings of an instance', () => {
  test('are all keys of the file, each with what holds without it', () => {
    expect(settings.map(({ key }) => key)).toEqual(
      CONFIG_KEYS.filter(({ isStored }) => isStored).map(({ key }) => key),
    )
    expect(of('pgdatabase')).toMatchObject({ own: undefined, defaultValue: 'ann' })
    expect(of('pghost')).toMatchObject({ own: undefined, defaultValue: undefined, isOverridden: false })
    expect(of('replica-timeout')).toMatchObject({ defaultValue: '5min', unit: 'seconds', kind: 'number' })
  })

  test('mark what differs from that', () => {
    expect(of('retention-window')).toMatchObject({ own: '14', defaultValue: '0', isOverridden: true })
    expect(of('wal-depth')).toMatchObject({ own: '0', isOverridden: false })
    expect(of('archive-timeout')).toMatchObject({ own: '2min', defaultValue: '5min', isOverridden: true })
    expect(of('system-identifier')).toMatchObject({ isFixed: true, isOverridden: false })
  })

  test('offer the words that other tools read, too', () => {
    expect(of('compress-algorithm')).toMatchObject({ kind: 'choice', choices: ['none', 'zlib', 'pglz'] })
  })

  test('can all be changed, and taken out again', () => {
    for (const { key, isFixed, kind, choices } of settings) {
      if (isFixed) continue
      const value = kind === 'number' ? '3' : (choices[0] ?? 'some')
      const { config, changed } = applyConfigChanges({ values: {} }, { [key]: value })
      expect(changed).toEqual([key])
      expect(applyConfigChanges(config, { [key]: '' }).config.values).toEqual({})
    }
  })

  test('are all options of set-config, but for those that cannot be changed', () => {
    const options = optionsOf('set-config').filter(({ isSetting }) => isSetting === true)
    expect(options.map(({ long }) => long).toSorted()).toEqual(
      settings
        .filter(({ isFixed }) => !isFixed)
        .map(({ key }) => key)
        .toSorted(),
    )
  })
})
