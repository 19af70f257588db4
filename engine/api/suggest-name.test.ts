import { array, assert, constantFrom, option, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { parseInstanceName } from '../base/instance-name.ts'
import { suggestName } from './suggest-name.ts'

test.each([
  ['/var/lib/postgresql/15/main', ['postgres', 'shop'], 'shop'],
  ['/srv/billing/data', ['postgres'], 'billing'],
  ['/var/lib/postgresql/15/main', ['postgres'], 'main'],
  [undefined, [], 'main'],
  ['/srv/a b/data', [], 'a-b'],
])('%s with %j is called %s', (directory, databases, name) => {
  expect(suggestName(directory, databases)).toBe(name)
})

test.each([
  ['/srv/shop/.hidden/data', [], 'shop'],
  ['C:\\Clusters\\Shop\\data', [], 'Shop'],
  ['/data/', ['postgres', 'template0', 'template1'], 'main'],
  ['/', [], 'main'],
  ['/srv/склад/16', [], 'склад'],
  [undefined, ['../../etc'], 'etc'],
  [undefined, ["it's"], 'it-s'],
  [undefined, ['...'], 'main'],
])('%s with %j is called something that can be a name', (directory, databases, name) => {
  expect(suggestName(directory, databases)).toBe(name)
  expect(parseInstanceName(suggestName(directory, databases))).not.toBe('')
})

test('whatever a cluster and its databases are called, the suggestion can be taken', () => {
  const unit = constantFrom(...'.-_/\\ \'",:\n\0a7ы😀\u0301\u200b')
  const anyText = string({ unit, maxLength: 30 })
  assert(
    property(
      option(anyText, { nil: undefined }),
      array(anyText, { maxLength: 3 }),
      (directory, databases) => {
        const name = suggestName(directory, databases)
        expect(parseInstanceName(name)).toBe(name)
      },
    ),
  )
})

test('a long name is cut where a directory name would be too long, and never inside a character', () => {
  const name = suggestName(undefined, ['ы'.repeat(150)])
  expect(name).toBe('ы'.repeat(100))
  expect(parseInstanceName(name)).toBe(name)
})
