import net from 'node:net'
import type { TestServer } from './servers.ts'

/**
 * A door on the way to a server. It lets everything through until the test has it stop something at a point of the
 * conversation, so that a program is met in the middle of what it does, however quick the machine is. When the program
 * goes, its connections to the server are closed as well. Requests must be readable: no TLS.
 */
export type Gate = AsyncDisposable & {
  readonly port: number
  /** Keeps back the request in which `text` stands for the `nth` time, and all that follows on that connection. */
  holdRequest(text: string, nth?: number): Promise<void>
  /** Keeps back all WAL that the server sends after the request in which `text` stands. */
  holdWalAfter(text: string): Promise<void>
  /** Forgets what was to be held. */
  open(): void
  /** Lets the requests go on that are kept back. */
  release(): void
}

type Rule = {
  readonly text: string
  count: number
  readonly what: 'request' | 'wal'
  readonly met: () => void
}

/** Opens a door to a server on a free port of 127.0.0.1. Disposing closes it and every connection through it. */
export async function openGate(server: TestServer): Promise<Gate> {
  const sockets = new Set<net.Socket>()
  const walSources = new Set<net.Socket>()
  const kept = new Set<() => void>()
  let rules: Rule[] = []

  const listener = net.createServer((client) => {
    const upstream = net.connect(server.port, '127.0.0.1')
    const held: Buffer[] = []
    const letGo = (): void => {
      for (const chunk of held.splice(0)) upstream.write(chunk)
    }
    client.on('close', () => kept.delete(letGo))
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        walSources.delete(one)
        other.destroy()
      })
    }
    upstream.on('data', (chunk) => client.write(chunk))
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      const met = rules.filter((rule) => text.includes(rule.text) && --rule.count === 0)
      rules = rules.filter((rule) => !met.includes(rule))
      if (met.some(({ what }) => what === 'wal')) for (const source of walSources) source.pause()
      if (text.includes('START_REPLICATION')) walSources.add(upstream)
      if (met.some(({ what }) => what === 'request')) kept.add(letGo)
      if (kept.has(letGo)) held.push(chunk)
      else upstream.write(chunk)
      for (const rule of met) rule.met()
    })
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', resolve)
  })
  const add = (text: string, what: Rule['what'], nth: number): Promise<void> =>
    new Promise((met) => {
      rules.push({ text, what, count: nth, met })
    })
  return {
    port: (listener.address() as net.AddressInfo).port,
    holdRequest: (text, nth = 1) => add(text, 'request', nth),
    holdWalAfter: (text) => add(text, 'wal', 1),
    open() {
      rules = []
    },
    release() {
      for (const letGo of kept) letGo()
      kept.clear()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}
