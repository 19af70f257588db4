import { once } from 'node:events'
import net from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SILENT_LOG } from '../base/log.ts'
import { type ConnectionSettings, openReplicationClient, openSession, type SslMode } from './connection.ts'
import { replicationConnection } from './replication.ts'

/** A message of a server: kind, length of what follows, and that. */
const message = (kind: string, ...words: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(5 + words.length)
  bytes.write(kind, 'latin1')
  bytes.writeUInt32BE(4 + words.length, 1)
  bytes.set(words, 5)
  return bytes
}
const ASKS_FOR_PASSWORD = message('R', 0, 0, 0, 3)
const LETS_IN = Buffer.concat([
  message('R', 0, 0, 0, 0),
  message('K', 0, 0, 0, 7, 0, 0, 0, 9),
  message('Z', 'I'.charCodeAt(0)),
])
const HAS_TLS = Buffer.from('S')
const HAS_NO_TLS = Buffer.from('N')
const DONE = Buffer.concat([message('C', ...Buffer.from('SELECT 1\0')), message('Z', 'I'.charCodeAt(0))])
/** Source: PostgreSQL manual, "Message Formats". */
const CANCEL_REQUEST = 80_877_102
const REASON = new Error('nobody waits any more')

/** Gives one answer to each thing that it hears, over all connections, and then says nothing more. */
async function startSilent(answers: readonly Buffer[]) {
  const open = new Set<net.Socket>()
  const left = [...answers]
  const heard: Buffer[] = []
  const silence = Promise.withResolvers<void>()
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    // A server that hangs does not answer to the end of a connection either: only when it is gone it is closed.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    socket.on('data', (bytes: Buffer) => {
      heard.push(bytes)
      const answer = left.shift()
      if (answer === undefined) silence.resolve()
      else socket.write(answer)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    silence: silence.promise,
    heard,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const settings = (port: number, sslMode: SslMode = 'disable'): ConnectionSettings => ({
  host: '127.0.0.1',
  port,
  user: 'postgres',
  database: 'postgres',
  password: 'secret',
  sslMode,
  env: {},
})

/** Sockets that are still held on to, of all that lead to this port. */
const socketCount = (port: number): number =>
  (process as unknown as { _getActiveHandles(): readonly unknown[] })
    ._getActiveHandles()
    .filter((handle) => handle instanceof net.Socket && handle.remotePort === port).length

const expectNothingLeft = async (port: number): Promise<void> => {
  await expect
    .poll(() => ({ sockets: socketCount(port), timers: vi.getTimerCount() }))
    .toEqual({ sockets: 0, timers: 0 })
}

/**
 * A cancel request was sent, and its connection is left when the server does not close it for two seconds. `others` are
 * the connections that stay meanwhile.
 */
const expectCancelled = async (
  server: { readonly port: number; readonly heard: readonly Buffer[] },
  others: number,
): Promise<void> => {
  const isRequest = (bytes: Buffer): boolean => bytes.length >= 8 && bytes.readInt32BE(4) === CANCEL_REQUEST
  // Not by polling, which moves the clock as well.
  while (!server.heard.some(isRequest) || socketCount(server.port) !== others + 1)
    await new Promise(setImmediate)
  vi.advanceTimersByTime(1500)
  // Twice: sockets close at the end of a turn.
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(socketCount(server.port)).toBe(others + 1)
  vi.advanceTimersByTime(500)
  await expect.poll(() => socketCount(server.port)).toBe(others)
}

// Timers stand still: whoever waits for one waits for ever.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

describe.each([
  ['a session', openSession],
  ['a replication connection', openReplicationClient],
])('the way to %s', (_what, open) => {
  test.each<readonly [string, SslMode, readonly Buffer[]]>([
    ['answering the first word, without TLS', 'disable', []],
    ['answering the first word, with TLS', 'require', []],
    ['the handshake of TLS', 'require', [HAS_TLS]],
    ['the second attempt, for it has no TLS', 'prefer', [HAS_NO_TLS]],
    ['looking at the password', 'disable', [ASKS_FOR_PASSWORD]],
  ])('ends at once with its signal when the server hangs at %s', async (_where, sslMode, answers) => {
    await using server = await startSilent(answers)
    const abort = new AbortController()
    const opening = open(settings(server.port, sslMode), { signal: abort.signal, log: SILENT_LOG })
    opening.catch(() => undefined)
    await server.silence

    abort.abort(REASON)

    await expect(opening).rejects.toBe(REASON)
    await expectNothingLeft(server.port)
  })
})

describe('with a server that hangs after it has let somebody in', () => {
  const signal = new AbortController().signal
  const log = SILENT_LOG

  test('a session that is not ready yet ends at once with its signal', async () => {
    await using server = await startSilent([LETS_IN])
    const abort = new AbortController()
    const opening = openSession(settings(server.port), { signal: abort.signal, log })
    opening.catch(() => undefined)
    await server.silence

    abort.abort(REASON)

    await expect(opening).rejects.toBe(REASON)
    await expectCancelled(server, 0)
    await expectNothingLeft(server.port)
  })

  test('a statement ends at once with its signal, and the session closes', async () => {
    await using server = await startSilent([LETS_IN, DONE, DONE, DONE])
    const abort = new AbortController()
    {
      await using session = await openSession(settings(server.port), { signal, log })
      const running = session.query('select 1', [], { signal: abort.signal })
      running.catch(() => undefined)
      await server.silence

      abort.abort(REASON)

      await expect(running).rejects.toBe(REASON)
      await expectCancelled(server, 1)
    }
    await expectNothingLeft(server.port)
  })

  test('a session that nobody takes leave of is closed after a while', async () => {
    await using server = await startSilent([LETS_IN, DONE, DONE, DONE])
    const session = await openSession(settings(server.port), { signal, log })
    const closing = session[Symbol.asyncDispose]()
    await server.silence

    vi.advanceTimersByTime(2000)

    await closing
    await expectNothingLeft(server.port)
  })

  test('a replication command ends at once with its signal', async () => {
    await using server = await startSilent([LETS_IN])
    const abort = new AbortController()
    {
      const client = await openReplicationClient(settings(server.port), { signal, log })
      await using connection = replicationConnection(client)
      const running = connection.command('IDENTIFY_SYSTEM', abort.signal)
      running.catch(() => undefined)
      await server.silence

      abort.abort(REASON)

      await expect(running).rejects.toBe(REASON)
    }
    await expectNothingLeft(server.port)
  })
})
