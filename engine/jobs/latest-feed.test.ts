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
  const watchers = [feed.watch(never), feed.watch(never)].map((each) => each[Symbol.asyncIterator]())
  const next = () => Promise.all(watchers.map((watcher) => watcher.next()))
  for (const value of [1, 2]) {
    const seen = next()
    feed.push(value)
    expect((await seen).map((step) => step.value)).toEqual([value, value])
  }
  feed.end()
  expect((await next()).map(({ done }) => done)).toEqual([true, true])
})

test('a watcher that leaves is not kept waiting', async () => {
  const leave = new AbortController()
  const watching = Array.fromAsync(new LatestFeed<number>(0).watch(leave.signal))
  leave.abort()
  expect(await watching).toEqual([])
})
