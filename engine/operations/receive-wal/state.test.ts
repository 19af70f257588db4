import { expect, test } from 'vitest'
import { EngineError } from '../../base/engine-error.ts'
import { lsnFromBigint } from '../../base/lsn.ts'
import { held, initialState, progressed, withGap } from './state.ts'

const SEGMENT_BYTES = 1 << 20

const heard = (positions: { readonly end: number; readonly received: number; readonly flushed: number }) => ({
  server: { endLsn: lsnFromBigint(BigInt(positions.end)) },
  received: lsnFromBigint(BigInt(positions.received)),
  flushed: lsnFromBigint(BigInt(positions.flushed)),
  segmentCount: 3,
  receivedBytes: 12,
})

test('what the server has and is not safe is the lag, and everything safe is remembered with its time', () => {
  const safe = progressed(
    initialState('slot'),
    heard({ end: 500, received: 500, flushed: 500 }),
    SEGMENT_BYTES,
    1000,
  )
  expect(safe).toMatchObject({ phase: 'streaming', lagBytes: 0, safeAtMs: 1000 })
  const behind = progressed(safe, heard({ end: 900, received: 700, flushed: 500 }), SEGMENT_BYTES, 2000)
  expect(behind).toMatchObject({ phase: 'streaming', lagBytes: 400, safeAtMs: 1000 })
})

test('far behind is catching up', () => {
  const far = heard({ end: 9 * SEGMENT_BYTES, received: SEGMENT_BYTES, flushed: SEGMENT_BYTES })
  expect(progressed(initialState(undefined), far, SEGMENT_BYTES, 1).phase).toBe('catching-up')
})

test('a server that was not heard of since is no further than what it sent', () => {
  const now = { ...heard({ end: 0, received: 700, flushed: 700 }), server: undefined }
  expect(progressed(initialState(undefined), now, SEGMENT_BYTES, 1)).toMatchObject({ lagBytes: 0 })
})

test('a trouble is shown until the server is heard of again', () => {
  const problem = new EngineError('server.unreachable', 'nothing listens')
  const waiting = held(initialState(undefined), 'reconnecting', problem, 5000)
  expect(waiting).toMatchObject({ phase: 'reconnecting', problem, nextTryAtMs: 5000, lossCount: 1 })
  const again = progressed(waiting, heard({ end: 5, received: 5, flushed: 5 }), SEGMENT_BYTES, 6000)
  expect(again).toMatchObject({ problem: undefined, nextTryAtMs: undefined, lossCount: 1 })
})

test('gaps are bounded, and one that grows is one', () => {
  const gap = (from: bigint, to: bigint) => ({
    timeline: 1,
    from: lsnFromBigint(from),
    to: lsnFromBigint(to),
  })
  let state = initialState(undefined)
  for (let count = 0; count < 150; count++) state = withGap(state, gap(0n, 1n))
  expect(state.gaps).toHaveLength(100)
  const grown = withGap(withGap(initialState(undefined), gap(1n, 5n)), gap(5n, 7n))
  expect(grown.gaps).toEqual([gap(1n, 7n)])
})
