import type pg from 'pg'
import { EngineError } from '../base/engine-error.ts'
import { type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { mapServerError } from './errors.ts'

/** Unix time of 2000-01-01, the epoch of the protocol's clocks, in microseconds. */
const EPOCH_MICROS = 946_684_800_000_000n
const COMMAND_TIMEOUT_MS = 60_000

/** Messages inside a WAL stream. Source: PostgreSQL manual, "Streaming Replication Protocol". */
const XLOG_DATA = 0x77
const KEEPALIVE = 0x6b
const STANDBY_STATUS = 0x72
const XLOG_DATA_HEADER_BYTES = 25

/** How far the server was when it sent a message: up to where its WAL goes, and its clock in Unix milliseconds. */
export type ServerPosition = { readonly endLsn: Lsn; readonly sentAtMs: number }

/** WAL as it arrives. Set the listeners before the event loop turns. */
export type WalStream = {
  /** From now on the server reads what it is told. */
  onStart: () => void
  onWal: (start: Lsn, bytes: Uint8Array, server: ServerPosition) => void
  onKeepalive: (isReplyWanted: boolean, server: ServerPosition) => void
  /** The server ended the stream, with the timeline that follows if there is one. */
  onEnd: (next: { readonly timeline: Timeline; readonly lsn: Lsn } | undefined) => void
  onError: (thrown: unknown) => void
  pause(): void
  resume(): void
  /** When anything was heard of the server last, in Unix milliseconds. */
  lastHeardMs(): number
}

/** A connection in replication mode. Disposing closes it, and a stream with it. */
export type ReplicationConnection = AsyncDisposable & {
  /** Runs a replication command and gives its rows as texts. A signal that fires meanwhile ends the connection. */
  command(text: string, signal: AbortSignal): Promise<readonly (readonly (string | null)[])[]>
  stream(text: string): WalStream
  /** `isReplyWanted` asks the server for a sign of life, which it gives at once. */
  sendStatus(positions: {
    readonly written: Lsn
    readonly flushed: Lsn
    readonly isReplyWanted: boolean
  }): void
}

/** The part of the driver's connection that its types leave out. */
type Wire = {
  readonly stream: { pause(): void; resume(): void; destroy(): void }
  query(text: string): void
  sendCopyFromChunk(bytes: Buffer): void
  endCopyFrom(): void
  on(event: string, listener: () => void): void
}

type Submittable = {
  submit(wire: Wire): void
  handleRowDescription(): void
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void
  handleCommandComplete(): void
  handleReadyForQuery(): void
  handleEmptyQuery(): void
  handlePortalSuspended(): void
  handleCopyInResponse(): void
  handleCopyData(message: { readonly chunk: Buffer }): void
  handleError(thrown: Error): void
}

/** Speaks the replication protocol over a connected client of the driver, which then belongs to it. */
export function replicationConnection(client: pg.Client): ReplicationConnection {
  const wire = (client as unknown as { connection: Wire }).connection
  const { host, port, user = '', database = '' } = client
  const fail = (thrown: unknown): unknown => mapServerError(thrown, { host, port, user, database })

  return {
    command(text, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const onAbort = (): void => {
          end(() => reject(signal.reason))
          wire.stream.destroy()
        }
        signal.addEventListener('abort', onAbort, { once: true })
        const rows: (readonly (string | null)[])[] = []
        const timer = setTimeout(() => {
          reject(
            new EngineError(
              'server.connection-lost',
              `the server did not answer ${text.split(' ')[0]} in time`,
            ),
          )
          wire.stream.destroy()
        }, COMMAND_TIMEOUT_MS)
        const end = (settle: () => void): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          settle()
        }
        client.query({
          ...quiet,
          submit: (to: Wire) => to.query(text),
          handleDataRow: ({ fields }: { readonly fields: readonly (string | null)[] }) =>
            void rows.push(fields),
          handleReadyForQuery: () => end(() => resolve(rows)),
          handleError: (thrown: Error) => end(() => reject(fail(thrown))),
        } as never)
      })
    },
    stream(text) {
      let heardMs = Date.now()
      let next: { timeline: Timeline; lsn: Lsn } | undefined
      const stream: WalStream = {
        onStart: () => undefined,
        onWal: () => undefined,
        onKeepalive: () => undefined,
        onEnd: () => undefined,
        onError: () => undefined,
        pause: () => wire.stream.pause(),
        resume: () => wire.stream.resume(),
        lastHeardMs: () => heardMs,
      }
      wire.on('replicationStart', () => stream.onStart())
      wire.on('copyDone', () => wire.endCopyFrom())
      client.on('end', () =>
        stream.onError(new EngineError('server.connection-lost', 'the replication connection broke')),
      )
      client.query({
        ...quiet,
        submit: (to: Wire) => to.query(text),
        handleCopyData({ chunk }: { readonly chunk: Buffer }) {
          heardMs = Date.now()
          const kind = chunk[0]
          if (kind === XLOG_DATA && chunk.length >= XLOG_DATA_HEADER_BYTES) {
            // The driver reads the next message into the same memory; what is written later must be our own.
            stream.onWal(
              lsnFromBigint(chunk.readBigUInt64BE(1)),
              Uint8Array.prototype.slice.call(chunk, XLOG_DATA_HEADER_BYTES),
              readPosition(chunk, 9),
            )
          } else if (kind === KEEPALIVE && chunk.length >= 18) {
            stream.onKeepalive(chunk[17] === 1, readPosition(chunk, 1))
          }
        },
        handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }) {
          const [timeline, lsn] = fields
          if (timeline != null && lsn != null) next = { timeline: Number(timeline), lsn: parseLsn(lsn) }
        },
        handleReadyForQuery: () => stream.onEnd(next),
        handleError: (thrown: Error) => stream.onError(fail(thrown)),
      } as never)
      return stream
    },
    sendStatus({ written, flushed, isReplyWanted }) {
      const message = Buffer.alloc(34)
      message[0] = STANDBY_STATUS
      message.writeBigUInt64BE(written, 1)
      message.writeBigUInt64BE(flushed, 9)
      message.writeBigUInt64BE(0n, 17)
      message.writeBigInt64BE(BigInt(Date.now()) * 1000n - EPOCH_MICROS, 25)
      message[33] = isReplyWanted ? 1 : 0
      wire.sendCopyFromChunk(message)
    },
    async [Symbol.asyncDispose]() {
      client.removeAllListeners('end')
      // In the middle of a stream the server reads nothing but copy data: a polite end would not be heard.
      wire.stream.destroy()
    },
  }
}

function readPosition(chunk: Buffer, at: number): ServerPosition {
  return {
    endLsn: lsnFromBigint(chunk.readBigUInt64BE(at)),
    sentAtMs: Number((chunk.readBigInt64BE(at + 8) + EPOCH_MICROS) / 1000n),
  }
}

const quiet: Omit<Submittable, 'submit' | 'handleError'> = {
  handleRowDescription: () => undefined,
  handleDataRow: () => undefined,
  handleCommandComplete: () => undefined,
  handleReadyForQuery: () => undefined,
  handleEmptyQuery: () => undefined,
  handlePortalSuspended: () => undefined,
  handleCopyInResponse: () => undefined,
  handleCopyData: () => undefined,
}
