import { expect, test } from 'vitest'
import type { InstanceRef } from '../../engine/api/contract/values.ts'
import { keepRoute, keptRoute } from './kept-route.ts'
import type { Route } from './stores.ts'

const instance = { catalog: '/backup', instance: 'shop' } as InstanceRef

function storage(text?: string) {
  const values = new Map(text === undefined ? [] : [['tidemark.route', text]])
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  }
}

test.each<Route>([
  { screen: 'job', job: 'j1' },
  { screen: 'jobs' },
  { screen: 'overview', instance },
  { screen: 'chains', instance, selected: 'TOV7K3' },
  { screen: 'restore', instance, backupId: 'TOV7K3' },
  { screen: 'wal', instance },
])('a reload comes back to $screen', (route) => {
  const kept = storage()
  keepRoute(kept, route)
  expect(keptRoute(kept, [instance])).toEqual(route)
})

test('an instance that is gone, a form, and what nobody understands are not come back to', () => {
  const kept = storage()
  keepRoute(kept, { screen: 'wal', instance })
  expect(keptRoute(kept, [])).toBeUndefined()
  expect(keptRoute(kept, [instance])).toBeDefined()
  keepRoute(kept, { screen: 'settings' })
  expect(keptRoute(kept, [instance])).toBeUndefined()
  for (const text of ['', 'null', '{', '[]', '{"screen":"nowhere"}', '{"screen":"wal"}', '{"screen":"job"}'])
    expect(keptRoute(storage(text), [instance])).toBeUndefined()
})
