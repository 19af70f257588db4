import { describe, expect, test } from 'vitest'
import { CONFIG_KEYS } from '../format/instance-config.ts'
import { applyConfigChanges } from '../operations/steps/config-changes.ts'
import { optionsOf } from '../cli/options.ts'
import { configEntries, instanceSettings, keptSettings } from './config-entries.ts'

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

  test('say where a value comes from', () => {
    const entries = configEntries({ values: { 'remote-host': 'db', 'archive-timeout': '300' } }, env)
    const origin = (key: string) => {
      const { isSet, derivedFrom } = entries.find((one) => one.key === key) ?? {}
      return [isSet, derivedFrom]
    }
    expect(origin('archive-timeout')).toEqual([true, undefined])
    expect(origin('replica-timeout')).toEqual([false, undefined])
    expect(origin('pgdatabase')).toEqual([false, 'environment'])
    expect(origin('pghost')).toEqual([false, 'remote-host'])
    const set = configEntries({ values: { pgdatabase: 'shop' } }, env)
    expect(set.find(({ key }) => key === 'pgdatabase')).not.toHaveProperty('derivedFrom')
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

  test('mark what gs_probackup does not know', () => {
    expect(of('replica-timeout')?.onlyIn).toBe('pg_probackup')
    expect(of('archive-timeout')?.onlyIn).toBeUndefined()
  })

  test('tell what a form may take', () => {
    expect(of('log-directory')?.kind).toBe('path')
    expect(of('external-dirs')?.kind).toBe('path-list')
    expect(of('pgport')).toMatchObject({ kind: 'number', least: 1, most: 65_535 })
    expect(of('compress-level')).toMatchObject({ kind: 'number', least: 0, most: 9 })
    expect(of('remote-proto')).toMatchObject({ kind: 'choice', choices: ['ssh', 'none'] })
  })

  test('can all be changed, and taken out again', () => {
    for (const { key, isFixed, kind, choices } of settings) {
      if (isFixed) continue
      const value = kind === 'number' ? '3' : kind.startsWith('path') ? '/some' : (choices[0] ?? 'some')
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

test('lines that are not known are shown, but for secrets', () => {
  expect(
    keptSettings(
      'Enable_DSS = false\npgdata = /srv\naccess-key = geheim\nmy-token = x\nnew-thing = 1 # why\n',
    ),
  ).toEqual([
    { key: 'Enable_DSS', line: 1, value: 'false', onlyIn: 'gs_probackup' },
    { key: 'access-key', line: 3, value: undefined, onlyIn: 'gs_probackup' },
    { key: 'my-token', line: 4, value: undefined, onlyIn: undefined },
    { key: 'new-thing', line: 5, value: '1', onlyIn: undefined },
  ])
})

test('the server is expected on the machine of the cluster', () => {
  const hostOf = (values: Record<string, string>) =>
    configEntries({ values }, env).find(({ key }) => key === 'pghost')?.value
  expect(hostOf({ 'remote-host': 'db7' })).toBe('db7')
  expect(hostOf({ 'remote-host': 'db7', pghost: 'db8' })).toBe('db8')
  expect(hostOf({})).toBeUndefined()
})
