import type { RawData, WebSocket } from 'ws'
import { decodeWire, encodeWire } from '../api/wire.ts'
import type { EnginePort, FromEngine, ToEngine } from '../api/port.ts'

/** A browser that has not read this much is not reading any more; what follows would only fill our memory. */
const MOST_UNREAD_BYTES = 64 * 1024 * 1024

/** Close codes of RFC 6455 (section 7.4.1) that a client may meet. */
const CLOSE = { unsupported: 1003, policy: 1008, wentAway: 1001 } as const

/** How often a silent connection is asked whether it lives; one that has not answered by the next time is ended. */
const PING_EVERY_MS = 15_000

/** A client that was told to leave may take this long to say goodbye. */
const GOODBYE_MS = 2_000

/**
 * The engine's end of a WebSocket. A message that cannot be read, is binary, or stays unread for too long closes the
 * connection with a reason; so does a client that no longer answers pings.
 */
export function socketPort(
  socket: WebSocket,
  { mostUnreadBytes = MOST_UNREAD_BYTES, pingEveryMs = PING_EVERY_MS } = {},
): EnginePort {
  let isAnswering = true
  const heartbeat = setInterval(() => {
    if (!isAnswering) return socket.terminate()
    isAnswering = false
    socket.ping()
  }, pingEveryMs)
  socket.on('pong', () => {
    isAnswering = true
  })
  socket.once('close', () => clearInterval(heartbeat))
  // Without a listener a broken connection would end the process; 'close' always follows.
  socket.on('error', () => undefined)

  function leave(code: number, reason: string): void {
    if (socket.readyState !== socket.OPEN) return
    socket.close(code, reason)
    const timer = setTimeout(() => socket.terminate(), GOODBYE_MS)
    socket.once('close', () => clearTimeout(timer))
  }

  return {
    post(message: FromEngine) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > mostUnreadBytes) return leave(CLOSE.policy, 'the client reads too slowly')
      socket.send(encodeWire(message))
    },
    listen(onMessage) {
      socket.on('message', (data: RawData, isBinary: boolean) => {
        if (isBinary) return leave(CLOSE.unsupported, 'messages are text')
        let message: unknown
        try {
          message = decodeWire(String(data))
        } catch {
          return leave(CLOSE.policy, 'the message cannot be read')
        }
        // serve() checks what it is given; the type is only its promise to callers that are ours.
        onMessage(message as ToEngine)
      })
    },
    onClose(listener) {
      socket.once('close', listener)
    },
    close() {
      leave(CLOSE.wentAway, 'the engine ends')
    },
  }
}
