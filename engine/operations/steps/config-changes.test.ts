import { expect, test } from 'vitest'
import { applyConfigChanges, tryConfigChanges } from './config-changes.ts'

test.each(['lz4', 'zstd'])(
  '%s is never saved, since other programs would not read the instance any more',
  (name) => {
    expect(() => applyConfigChanges({ values: {} }, { 'compress-algorithm': name })).toThrow(
      expect.objectContaining({ code: 'value.malformed', hint: expect.stringContaining('each backup') }),
    )
  },
)

test('a value is saved in its base unit, an empty one takes the key out', () => {
  const { config, changed } = applyConfigChanges(
    { values: { 'compress-algorithm': 'zlib', 'archive-timeout': '300' } },
    { 'compress-algorithm': '', 'archive-timeout': '10min' },
  )
  expect(config.values).toEqual({ 'archive-timeout': '600' })
  expect(changed).toEqual(['compress-algorithm', 'archive-timeout'])
})

test('a key that nobody knows is refused', () => {
  expect(() => applyConfigChanges({ values: {} }, { 'no-such-key': '1' })).toThrow(
    'no setting of an instance',
  )
})

test.each([
  ['pgport', '0', 'pgport must be a whole number from 1 to 65535'],
  ['pgport', '5432a', 'pgport must be'],
  ['compress-level', '10', 'compress-level must be from 0 to 9'],
  ['archive-timeout', '5 Min', 'archive-timeout: "5 Min" is not a number with a unit'],
  ['retention-window', '-1', 'retention-window must be from 0'],
  ['retention-window', 'soon', 'retention-window: "soon" is not an integer'],
  ['log-level-file', 'loud', 'log-level-file: "loud" is not one of'],
  ['remote-proto', 'ftp', 'remote-proto must be one of ssh, none'],
  ['pgdata', 'data', 'pgdata: "data" is not an absolute path'],
  ['external-dirs', '/a:b', 'external-dirs: "b" is not an absolute path'],
  ['pghost', 'a\nb', 'pghost is more than one line'],
  ['log-filename', 'x'.repeat(256), 'log-filename is longer than 255 bytes'],
  ['pgdatabase', 'postgresql://ann:secret@db/shop', 'pgdatabase holds a password'],
  ['pgdatabase', 'dbname=shop password=secret', 'pgdatabase holds a password'],
  ['system-identifier', '1', 'cannot be changed'],
])('%s = %s is refused with words that name the key', (key, text, message) => {
  expect(() => applyConfigChanges({ values: {} }, { [key]: text })).toThrow(
    expect.objectContaining({ code: 'value.malformed', message: expect.stringContaining(message) }),
  )
})

test('of several values those that cannot be saved are named, the others applied', () => {
  const { config, changed, problems } = tryConfigChanges(
    { values: { pgport: '5432' } },
    { pgport: 'x', 'wal-depth': '2', 'external-dirs': 'none' },
  )
  expect(problems.map(({ key }) => key)).toEqual(['pgport'])
  expect(changed).toEqual(['wal-depth', 'external-dirs'])
  expect(config.values).toEqual({ pgport: '5432', 'wal-depth': '2', 'external-dirs': 'none' })
})
