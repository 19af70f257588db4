import { expect, test } from 'vitest'
import { LatestFeed } from './latest-feed.ts'

const never = new AbortController().signal

test('a slow watcher sees the newest value and then the end', async () => {
  const feed = new LatestFeed<number>(0)
  feed.push(1)
  feed.push(2)
  feed.push(3)
  feed.end()
  expect(await Array.fromAsync(feed.watch(never))).toEqual([3])
})

test('two watchers follow the same source', async () => {
  const feed = new LatestFeed<number>(0)
  const watchers = Promise.all([Array.fromAsync(feed.watch(never)), Array.fromAsync(feed.watch(never))])
  feed.push(1)
  await new Promise((done) => setTimeout(done, 20))
  feed.push(2)
  await new Promise((done) => setTimeout(done, 20))
  feed.end()
  expect(await watchers).toEqual([
    [1, 2],
    [1, 2],
  ])
})

test('a watcher that leaves is not kept waiting', async () => {
  const leave = new AbortController()
  const watching = Array.fromAsync(new LatestFeed<number>(0).watch(leave.signal))
  leave.abort()
  expect(await watching).toEqual([])
})
