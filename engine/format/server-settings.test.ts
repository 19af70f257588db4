import { expect, test } from 'vitest'
import { isOn, parseServerSettings } from './server-settings.ts'

test('settings are read as a server reads them, the last one counts', () => {
  const { values, hasIncludes } = parseServerSettings([
    [
      '# archive_mode = on',
      'archive_mode = off # not yet',
      "Archive_Command 'cp %p /mnt/it''s/%f # no comment'",
      'port 5433',
      String.raw`restore_command = 'a\\b\'c\tx\101'`,
      'nonsense',
      "broken = 'open",
    ].join('\n'),
    'archive_mode = always\n',
  ])
  expect(Object.fromEntries(values)).toEqual({
    archive_mode: 'always',
    archive_command: "cp %p /mnt/it's/%f # no comment",
    port: '5433',
    restore_command: "a\\b'c\txA",
  })
  expect(hasIncludes).toBe(false)
})

test('a file that takes in others says so', () => {
  expect(parseServerSettings(["include_dir 'conf.d'"]).hasIncludes).toBe(true)
  expect(parseServerSettings(["#include_dir = 'conf.d'"]).hasIncludes).toBe(false)
})

test('words for on', () => {
  expect(['on', 'TRUE', 't', 'yes', '1'].map(isOn)).toEqual([true, true, true, true, true])
  expect(['off', 'false', '0', '', 'o', undefined].map(isOn)).toEqual(Array(6).fill(false))
})
