import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { connect } from '../api/connect.ts'
import { query, stream } from '../api/define.ts'
import type { ClientPort, FromEngine } from '../api/port.ts'
import { serve } from '../api/serve.ts'
import { decodeWire, encodeWire } from '../api/wire.ts'
import { startWebHost, type WebHost } from './start-web-host.ts'

const contract = {
  echo: query<unknown>()(z.unknown()),
  count: stream<number>()(z.number()),
}
let lastStopped: AbortSignal | undefined

const handlers = {
  echo: (input: unknown) => Promise.resolve(input),
  async *count(upTo: number, { signal }: { signal: AbortSignal }) {
    lastStopped = signal
    for (let at = 0; at < upTo; at++) yield at
    await once(signal, 'abort')
  },
}

let directory = ''
let host: WebHost
let connected = 0

beforeEach(async () => {
  connected = 0
  directory = await mkdtemp(path.join(os.tmpdir(), 'tidemark-web-'))
  await writeFile(path.join(directory, 'index.html'), '<p>page</p>')
  host = await startWebHost({
    rendererDirectory: directory,
    connectEngine: (port) => {
      connected++
      serve(contract, handlers, port)
    },
  })
})
afterEach(async () => {
  vi.useRealTimers()
  await host.close()
  await rm(directory, { recursive: true })
})

function authority(): string {
  return new URL(host.url).host
}
function token(): string {
  return new URLSearchParams(new URL(host.url).hash.slice(1)).get('token') ?? ''
}

async function get(target: string, headers: Record<string, string> = {}, method = 'GET') {
  const { hostname, port } = new URL(host.url)
  const sent = request({ hostname, port, path: target, headers, method }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks = await response.toArray()
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }
}

type Handshake = { origin?: string; protocol?: string; hostHeader?: string; target?: string }

function open({ origin, protocol, hostHeader, target = '/engine' }: Handshake = {}): WebSocket {
  return new WebSocket(`ws://${authority()}${target}`, protocol ?? `tidemark.${token()}`, {
    origin: origin ?? `http://${authority()}`,
    headers: hostHeader === undefined ? {} : { host: hostHeader },
  })
}

/** What became of a handshake: `open`, or the status of the refusal. */
function handshake(socket: WebSocket): Promise<'open' | number | undefined> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve('open'))
    socket.once('unexpected-response', (_request, response) => {
      response.resume()
      resolve(response.statusCode)
    })
    socket.once('error', reject)
  })
}

function clientPort(socket: WebSocket): ClientPort {
  return {
    post: (message) => socket.send(encodeWire(message)),
    listen: (onMessage) =>
      void socket.on('message', (data) => onMessage(decodeWire(String(data)) as FromEngine)),
    onClose: (listener) => void socket.once('close', listener),
    close: () => socket.close(),
  }
}

it('listens on 127.0.0.1 and gives a token that no request line carries', () => {
  const url = new URL(host.url)
  expect(url.hostname).toBe('127.0.0.1')
  expect(url.search).toBe('')
  expect(Buffer.from(token(), 'base64url')).toHaveLength(24)
})

it('serves the page with its guards', async () => {
  const page = await get('/')
  expect(page).toMatchObject({
    status: 200,
    body: '<p>page</p>',
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  })
  expect(page.headers['content-security-policy']).toContain(`default-src 'none'`)
  expect((await get('/?a=1')).status).toBe(200)
  expect((await get('/', {}, 'POST')).status).toBe(405)
  expect((await get('/../../etc/passwd')).status).toBe(400)
})

it.each(['evil.example', 'localhost', 'localhost:PORT', '127.0.0.1', '127.0.0.1:1', '[::1]:PORT'])(
  'refuses a page for the Host %j',
  async (name) => {
    const hostHeader = name.replace('PORT', new URL(host.url).port)
    expect(await get('/', { host: hostHeader })).toMatchObject({ status: 421, body: '' })
  },
)

it('carries calls, streams and values that JSON lacks', async () => {
  const socket = open()
  expect(await handshake(socket)).toBe('open')
  const client = connect(contract, clientPort(socket))
  const input = { at: new Date(0), size: 2n ** 70n, bytes: new Uint8Array([1, 2]), none: undefined }
  expect(await client.echo(input)).toStrictEqual(input)

  const seen: number[] = []
  for await (const item of client.count(3)) if (seen.push(item) === 3) break
  expect(seen).toEqual([0, 1, 2])
})

it('stops what runs for a browser that leaves', async () => {
  const socket = open()
  const client = connect(contract, clientPort(socket))
  await handshake(socket)
  const items = client.count(1)[Symbol.asyncIterator]()
  await items.next()
  const stopped = once(lastStopped as AbortSignal, 'abort')
  socket.terminate()
  await stopped
})

it.each([
  ['the page of another site', { origin: 'https://evil.example' }, 403],
  ['a page that has no origin', { origin: 'null' }, 403],
  ['a page on localhost', { origin: 'http://localhost:PORT' }, 403],
  ['the same page over https', { origin: 'https://127.0.0.1:PORT' }, 403],
  ['a site that resolves to this machine', { hostHeader: 'evil.example:PORT' }, 421],
  ['a wrong token', { protocol: 'tidemark.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }, 403],
  ['a short token', { protocol: 'tidemark.A' }, 403],
  ['a token without its prefix', { protocol: 'TOKEN' }, 403],
  ['another path', { target: '/' }, 404],
])('refuses %s', async (_who, made: Handshake, status) => {
  const fill = (text: string): string =>
    text.replace('PORT', new URL(host.url).port).replace('TOKEN', token())
  const filled = Object.fromEntries(Object.entries(made).map(([key, text]) => [key, fill(text)]))
  expect(await handshake(open(filled))).toBe(status)
  expect(connected).toBe(0)
})

it('refuses a browser without any token', async () => {
  const socket = new WebSocket(`ws://${authority()}/engine`, { origin: `http://${authority()}` })
  expect(await handshake(socket)).toBe(403)
})

it.each([
  ['a message of more than a megabyte', 'x'.repeat((1 << 20) + 1), 1009],
  ['a message that is no JSON', '{', 1008],
  ['a message with an unknown tag', '{"$":["function","alert(1)"]}', 1008],
  ['bytes', new Uint8Array([1]), 1003],
])('closes the connection on %s', async (_what, message, code) => {
  const socket = open()
  await handshake(socket)
  socket.send(message)
  const [closedWith] = (await once(socket, 'close')) as [number]
  expect(closedWith).toBe(code)
})

it('drops what is no call and keeps the connection', async () => {
  const socket = open()
  const client = connect(contract, clientPort(socket))
  await handshake(socket)
  for (const message of [1, null, {}, { id: 1 }, { id: 'a', type: 'call' }]) socket.send(encodeWire(message))
  expect(await client.echo('still here')).toBe('still here')
})

it('ends connections and stops listening when it is closed', async () => {
  const socket = open()
  await handshake(socket)
  const left = once(socket, 'close') as Promise<[number, Buffer]>
  await host.close()
  const [code] = await left
  expect(code).toBe(1001)
  await expect(get('/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

it('closes when its signal fires, also around a client that never says goodbye', async () => {
  const stop = new AbortController()
  const other = await startWebHost({
    rendererDirectory: directory,
    connectEngine: () => undefined,
    signal: stop.signal,
  })
  const { host: place, hash } = new URL(other.url)
  const socket = new WebSocket(`ws://${place}/engine`, `tidemark.${hash.slice('#token='.length)}`, {
    origin: `http://${place}`,
  })
  await handshake(socket)
  socket.pause()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  stop.abort()
  let isClosed = false
  const closed = other.close().then(() => (isClosed = true))
  vi.advanceTimersByTime(1999)
  await new Promise(setImmediate)
  expect(isClosed).toBe(false)
  vi.advanceTimersByTime(1)
  await closed
  socket.terminate()
})

it('says so when the port is taken', async () => {
  const port = Number(new URL(host.url).port)
  await expect(
    startWebHost({ rendererDirectory: directory, connectEngine: () => undefined, port }),
  ).rejects.toMatchObject({ code: 'process.failed', message: `cannot listen on 127.0.0.1:${port}` })
})
