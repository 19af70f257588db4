import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { SILENT_LOG } from '../base/log.ts'
import type { ScratchServerRecord } from './contract/scratch.ts'
import { type KeptServer, openScratchServers } from './scratch-servers.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const MINUTE_MS = 60_000

describe('the time of a scratch server', () => {
  test('ends it', async () => {
    const { servers, closed } = oneServer()
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS)
    expect(closed()).toBe(1)
    expect(servers.list()).toEqual([])
  })

  test('is put off while something is taken from it, and told', async () => {
    const { servers, closed, changes } = oneServer()
    const first = servers.list()[0]?.deadline
    const held = servers.hold('one')
    const heldToo = servers.hold('one')
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS)
    expect(closed()).toBe(0)
    expect(changes.at(-1)?.deadline).not.toBe(first)
    held[Symbol.dispose]()
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS)
    expect(closed()).toBe(0)
    heldToo[Symbol.dispose]()
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS)
    expect(closed()).toBe(1)
  })

  test('is not what a stop waits for', async () => {
    const { servers, closed } = oneServer()
    using _held = servers.hold('one')
    await servers.stop('one')
    expect(closed()).toBe(1)
  })
})

function oneServer() {
  let count = 0
  const changes: ScratchServerRecord[] = []
  const servers = openScratchServers({
    clock: SYSTEM_CLOCK,
    log: SILENT_LOG,
    onChange: (record) => changes.push(record),
  })
  const kept = {
    server: {},
    major: 17,
    close: async () => void count++,
    record: { id: 'one' },
  } as unknown as KeptServer
  servers.add(kept, 10)
  return { servers, closed: () => count, changes }
}
