import { expect, test } from 'vitest'
import { applyConfigChanges } from './config-changes.ts'

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
