import { once } from 'node:events'
import net from 'node:net'
import { expect, test } from 'vitest'
import { reservePort } from './reserved-port.ts'

test('a port that is reserved is given to nobody else, whether something listens on it or not', async () => {
  using first = await reservePort()
  const server = net.createServer().listen(first.port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')

  const others = await Promise.all(Array.from({ length: 200 }, () => reservePort()))
  for (const other of others) other[Symbol.dispose]()
  const ports = others.map(({ port }) => port)
  expect(new Set([first.port, ...ports]).size).toBe(201)
  expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true)
})
