import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { socketPort } from './socket-port.ts'

let server: WebSocketServer
let client: WebSocket
let serverSide: WebSocket

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const arrived = once(server, 'connection') as Promise<[WebSocket]>
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { autoPong: false })
  ;[[serverSide]] = await Promise.all([arrived, once(client, 'open')])
})
afterEach(() => {
  vi.useRealTimers()
  client.terminate()
  serverSide.terminate()
  server.close()
})

it('ends a client that does not read what it asked for', async () => {
  const port = socketPort(serverSide, { mostUnreadBytes: 1 << 20 })
  const closed = new Promise<void>((resolve) => port.onClose(resolve))
  client.pause()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const value = 'x'.repeat(1 << 20)
  // More than the kernel takes for a socket of its own accord, and more than the bound on top of it.
  for (let id = 0; id < 64; id++) port.post({ id, type: 'item', value })
  expect(serverSide.readyState).toBe(serverSide.CLOSING)
  // It has two seconds to say goodbye.
  vi.advanceTimersByTime(1999)
  await new Promise(setImmediate)
  expect(serverSide.readyState).toBe(serverSide.CLOSING)
  vi.advanceTimersByTime(1)
  await closed
})

it('ends a client that no longer answers pings', async () => {
  const port = socketPort(serverSide, { pingEveryMs: 20 })
  await new Promise<void>((resolve) => port.onClose(resolve))
  const [code] = client.readyState === client.CLOSED ? [1006] : ((await once(client, 'close')) as [number])
  expect(code).toBe(1006)
})

it('keeps a client that answers pings', async () => {
  client.on('ping', () => client.pong())
  socketPort(serverSide, { pingEveryMs: 20 })
  for (let pings = 0; pings < 4; pings++) await once(client, 'ping')
  expect(client.readyState).toBe(client.OPEN)
})

it('posts into nothing after the end', async () => {
  const port = socketPort(serverSide)
  client.terminate()
  await once(serverSide, 'close')
  port.post({ id: 1, type: 'done' })
  port.close()
})
