import { describe, expect, test } from 'vitest'
import {
  configNumber,
  configSystemId,
  configText,
  findConfigKey,
  formatInstanceConfig,
  parseInstanceConfig,
} from './instance-config.ts'

describe('a pg_probackup.conf', () => {
  test('is kept in base units and full words', () => {
    const config = parseInstanceConfig(
      'Archive_Timeout = 2min\nlog-rotation-size=10MB\nlog-level-file = verb\ncompress-algorithm = ZLIB\n' +
        'system-identifier = 18446744073709551615\nretention-window = INFINITE\n',
    )
    expect(config.values).toEqual({
      'archive-timeout': '120',
      'log-rotation-size': '10240',
      'log-level-file': 'VERBOSE',
      'compress-algorithm': 'zlib',
      'system-identifier': '18446744073709551615',
      'retention-window': '4294967295',
    })
    expect(configNumber(config, 'archive-timeout')).toBe(120)
    expect(configSystemId(config)).toBe(18446744073709551615n)
  })

  test('falls back on the defaults of the table', () => {
    const config = parseInstanceConfig('')
    expect(configNumber(config, 'archive-timeout')).toBe(300)
    expect(configText(config, 'log-filename')).toBe('pg_probackup.log')
    expect(configText(config, 'pgdata')).toBeUndefined()
    expect(configNumber(config, 'no-such-key')).toBeUndefined()
    expect(configSystemId(config)).toBeUndefined()
  })

  test('is written by group, with units, and quotes where they are needed', () => {
    const text =
      "# Backup instance information\npgdata = '/srv/my data'\n# Archive parameters\narchive-timeout = 2min\n" +
      "restore-command = 'cp ''%f'' %p'\n# Logging parameters\nlog-rotation-age = 1d\n"
    expect(formatInstanceConfig(parseInstanceConfig(text))).toBe(text)
    expect(formatInstanceConfig({ values: { pgdata: '/a#b' } })).toContain("pgdata = '/a#b'")
    expect(formatInstanceConfig({ values: { 'log-format-console': 'JSON', pghost: '' } })).toBe('')
  })

  test('warns of keys that it does not know', () => {
    expect(parseInstanceConfig('enable-dss = false\n').warnings).toEqual([
      'line 1: the key "enable-dss" is not known',
    ])
  })

  test.each([
    'compress-level = 10',
    'compress-algorithm = brotli',
    'retention-window = -1',
    'archive-timeout = 5 Min',
    'wal-depth = 4294967296',
    "pgdata = ''",
  ])('cannot be read with %s', (line) => {
    expect(() => parseInstanceConfig(`${line}\n`)).toThrow(/^line 1 has a [\w-]+ that cannot be read$/)
  })

  test('has two keys that only adding the instance sets', () => {
    expect(findConfigKey('system-identifier')?.isFileOnly).toBe(true)
    expect(findConfigKey('xlog-seg-size')?.isFileOnly).toBe(true)
    expect(findConfigKey('pgdata')?.isFileOnly).toBe(false)
  })
})
