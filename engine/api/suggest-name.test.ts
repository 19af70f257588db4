import { expect, test } from 'vitest'
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
