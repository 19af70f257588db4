import { expect, test } from 'vitest'
import { describeError, EngineError, isCancelled, toWireError } from './engine-error.ts'

/** What `using` throws when clearing up fails after a failure. */
function failingTwice(first: unknown): unknown {
  try {
    using stack = new DisposableStack()
    stack.defer(() => {
      throw new Error('the lock is gone')
    })
    stack.defer(() => {
      throw new Error('the file is gone')
    })
    throw first
  } catch (thrown) {
    return thrown
  }
}

test('what went wrong first is told, not that clearing up failed too', () => {
  const first = new EngineError('storage.full', 'the disk is full', { hint: 'Free space.' })
  const thrown = failingTwice(first)
  expect(thrown).not.toBe(first)
  expect(toWireError(thrown)).toEqual(toWireError(first))
  expect(describeError(thrown)).toBe('the disk is full')
  expect(describeError(new Error('no restore', { cause: thrown }))).toBe('no restore: the disk is full')
})

test('whoever cancels is not told of a mistake when clearing up failed', () => {
  expect(isCancelled(failingTwice(new DOMException('stop', 'AbortError')))).toBe(true)
  expect(isCancelled(failingTwice(new Error('stop')))).toBe(false)
})
