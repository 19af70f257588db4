import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { delay } from '../../base/concurrency.ts'
import { makeArchiveCatalog, UNWATCHED } from '../../testing/made-archive.ts'
import { receiveWalForever } from './run.ts'

/** A port on which nothing listens any more. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 1
}

async function setUp(firstConnectMs: number | undefined) {
  const made = await makeArchiveCatalog()
  const port = await closedPort()
  const stop = new AbortController()
  const phases: string[] = []
  const ended = receiveWalForever(
    {
      catalog: made.catalog,
      instance: made.instance,
      connection: async () => ({ host: '127.0.0.1', port, user: 'nobody', env: {} }),
      slot: undefined,
      compressLevel: undefined,
      firstConnectMs,
    },
    { ...UNWATCHED, signal: stop.signal },
    ({ phase }) => phases.push(phase),
  )
  return { made, ended, stop, phases }
}

test('settings that lead to no server fail after their time, and say so', async () => {
  const { made, ended, phases } = await setUp(300)
  await using _ = made
  await expect(ended).rejects.toMatchObject({
    code: 'server.unreachable',
    message: expect.stringMatching(/^nothing listens on .*; no connection was made in 1 s$/) as string,
    hint: expect.stringContaining('its port') as string,
  })
  expect(phases).toContain('reconnecting')
})

test('settings that have worked before are tried until somebody stops that', async () => {
  const { made, ended, stop, phases } = await setUp(undefined)
  await using _ = made
  await delay(900, UNWATCHED.signal)
  stop.abort()
  await expect(ended).resolves.toMatchObject({ segmentCount: 0 })
  expect(phases.filter((phase) => phase === 'reconnecting').length).toBeGreaterThan(1)
})
