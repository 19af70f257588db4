import { expect, onTestFinished, test } from 'vitest'
import { reservePort } from '../../host/reserved-port.ts'
import { makeArchiveCatalog, UNWATCHED } from '../../testing/made-archive.ts'
import { receiveWalForever } from './run.ts'

async function setUp(firstConnectMs: number | undefined) {
  const made = await makeArchiveCatalog()
  // Nothing listens on it.
  const reserved = await reservePort()
  onTestFinished(() => reserved[Symbol.dispose]())
  const { port } = reserved
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
    message: expect.stringMatching(/^nothing listens on .*; no connection was made in \d+ s$/) as string,
    hint: expect.stringContaining('its port') as string,
  })
  expect(phases).toContain('reconnecting')
})

test('settings that have worked before are tried until somebody stops that', async () => {
  const { made, ended, stop, phases } = await setUp(undefined)
  await using _ = made
  await expect.poll(() => phases.filter((phase) => phase === 'reconnecting').length).toBeGreaterThan(1)
  stop.abort()
  await expect(ended).resolves.toMatchObject({ segmentCount: 0 })
})
