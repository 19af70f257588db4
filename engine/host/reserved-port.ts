import { randomInt } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { EngineError } from '../base/engine-error.ts'

/** Below the ports that systems give to connections by themselves: those of Linux begin at 32768, others later. */
const FIRST_PORT = 20_000
const PORT_COUNT = 12_000
const MOST_TRIES = 100
const HOST = '127.0.0.1'

/** A port of 127.0.0.1 that is kept for one server, also while that is down. Disposing gives it back. */
export type ReservedPort = Disposable & { readonly port: number }

/**
 * Finds a port on which nothing listens, and keeps it from everybody else who reserves one here, in this process and in
 * others: the UDP port of the same number is held. It ends with the process, and does not keep that alive.
 *
 * @throws {EngineError} `process.failed` when none is found
 */
export async function reservePort(): Promise<ReservedPort> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = FIRST_PORT + randomInt(PORT_COUNT)
    const token = dgram.createSocket('udp4')
    token.bind({ port, address: HOST, exclusive: true })
    const isOurs = await once(token, 'listening').then(
      () => true,
      () => false,
    )
    if (isOurs && (await isFree(port))) {
      token.unref()
      return { port, [Symbol.dispose]: () => void token.close() }
    }
    token.close()
  }
  throw new EngineError('process.failed', `no free port was found on ${HOST} in ${MOST_TRIES} tries`, {
    hint: `Look what listens on the ports from ${FIRST_PORT} to ${FIRST_PORT + PORT_COUNT - 1}.`,
  })
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer().listen(port, HOST)
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
