import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { EngineError } from '../base/engine-error.ts'
import type { EnginePort } from '../api/port.ts'
import { SOCKET_PATH, SOCKET_PROTOCOL, TOKEN_NAME } from '../api/wire.ts'
import { readPageFile } from './page-files.ts'
import { socketPort } from './socket-port.ts'

/** Only this machine. Not `localhost`: that is a name, and names can be made to point elsewhere. */
const ADDRESS = '127.0.0.1'

/** The contract's calls are small; what is larger is no call. */
const MOST_MESSAGE_BYTES = 1024 * 1024

/** One person's browser tabs. */
const MOST_SOCKETS = 16
const MOST_CONNECTIONS = 64

const REQUEST_MS = 10_000

/** A running web host. */
export type WebHost = {
  /** Where to point a browser: the token is in the fragment (`#token=…`), which browsers do not send. */
  readonly url: string
  /** Ends every connection and stops listening. Calling it again waits for the same end. */
  close(): Promise<void>
}

/** What {@link startWebHost} needs. */
export type WebHostOptions = {
  /** The built window: a directory with `index.html`. */
  readonly rendererDirectory: string
  /** Called for each browser that has proved that it knows the token. */
  readonly connectEngine: (port: EnginePort) => void
  /** 0 or nothing takes any free port. */
  readonly port?: number
  /** Closes the host when it fires. */
  readonly signal?: AbortSignal
}

/**
 * Serves the window and the engine to a browser of this machine.
 *
 * Another user, or a page of another site in the same browser, can reach the port as well. Against the former stands
 * the token, against the latter the check of `Origin`, and against a site that renames itself to 127.0.0.1 (DNS
 * rebinding) the check of `Host`. Rejects with `process.failed` when the port is taken.
 */
export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  options.signal?.throwIfAborted()
  const token = randomBytes(24).toString('base64url')
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS })
  server.maxConnections = MOST_CONNECTIONS
  const port = await listen(server, options.port ?? 0)
  const authority = `${ADDRESS}:${port}`
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    perMessageDeflate: false,
  })
  const ports = new Set<EnginePort>()

  server.on('request', (request, response) => {
    void answer(request, response, authority, options.rendererDirectory)
  })
  server.on('upgrade', (request, stream, head) => {
    const refusal = refuseUpgrade(request, authority, token, sockets.clients.size)
    if (refusal !== undefined) return endUpgrade(stream, refusal)
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const opened = socketPort(socket)
      ports.add(opened)
      opened.onClose(() => ports.delete(opened))
      options.connectEngine(opened)
    })
  })

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    options.signal?.removeEventListener('abort', onAbort)
    closing ??= closeAll(server, sockets, ports)
    return closing
  }
  const onAbort = (): void => void close()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) await close()

  return { url: `http://${authority}/#${TOKEN_NAME}=${token}`, close }
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, ADDRESS)
    await once(server, 'listening')
  } catch (cause) {
    throw new EngineError('process.failed', `cannot listen on ${ADDRESS}:${port}`, {
      hint: 'Choose another port, or leave it out to take a free one.',
      cause,
    })
  }
  return (server.address() as AddressInfo).port
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  authority: string,
  directory: string,
): Promise<void> {
  request.resume()
  if (request.headers.host !== authority) return void response.writeHead(421).end()
  const [pathname = '/'] = (request.url ?? '/').split(/[?#]/, 1)
  try {
    const page = await readPageFile(directory, request.method ?? '', pathname)
    response.writeHead(page.status, page.headers).end(page.body)
  } catch {
    // A disk that fails under us. The reason names paths, which are not the browser's business.
    response.writeHead(500).end()
  }
}

type Refusal = 400 | 403 | 404 | 421 | 503

function refuseUpgrade(
  { headers, url }: IncomingMessage,
  authority: string,
  token: string,
  socketCount: number,
): Refusal | undefined {
  if (headers.host !== authority) return 421
  if (headers.origin !== `http://${authority}`) return 403
  if (url !== SOCKET_PATH) return 404
  if (!isSame(headers['sec-websocket-protocol'] ?? '', SOCKET_PROTOCOL + token)) return 403
  if (socketCount >= MOST_SOCKETS) return 503
  return undefined
}

/** Takes as long for a nearly right guess as for a wrong one. The length of the token is no secret. */
function isSame(guess: string, secret: string): boolean {
  const [a, b] = [Buffer.from(guess), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function endUpgrade(stream: Duplex, status: Refusal): void {
  stream.on('error', () => stream.destroy())
  const text = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  // The server has let go of the stream: left half open, nobody would end it.
  stream.end(text, () => stream.destroy())
}

async function closeAll(server: Server, sockets: WebSocketServer, ports: Set<EnginePort>): Promise<void> {
  const gone = [...sockets.clients].map((socket) => once(socket, 'close'))
  for (const port of ports) port.close()
  const closed = once(server, 'close')
  server.close()
  await Promise.all(gone)
  server.closeAllConnections()
  await closed
}
