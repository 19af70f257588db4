import { EngineError } from '../base/engine-error.ts'
import { formatLsn, type Lsn, lsnFromBigint, parseLsn } from '../base/lsn.ts'
import type { Log } from '../base/log.ts'
import { requireWalSegmentBytes, type Timeline } from '../base/wal-segment.ts'
import { type ConnectionSettings, openReplicationClient } from './connection.ts'
import { type ReplicationConnection, replicationConnection, type ServerPosition } from './replication.ts'
import type { WalDirectory } from './wal-directory.ts'

/** A server hears of us, and is asked for a sign of life, this often. */
const STATUS_INTERVAL_MS = 10_000
/** It answers each time; one that is silent for longer is gone. */
const MOST_SILENCE_MS = 120_000
const WATCH_INTERVAL_MS = 200
/** Received bytes that wait to be written; beyond them the socket is not read. */
const MOST_UNWRITTEN_BYTES = 16 << 20

type Call = { readonly signal: AbortSignal; readonly log: Log }

/** A replication connection to the right cluster, and how far that is. */
export type WalConnection = ReplicationConnection & {
  /** The timeline that the server is on now. */
  readonly timeline: Timeline
  /** Up to where its WAL is on its disk. */
  readonly flushLsn: Lsn
}

/** How a stream ended: because enough was received, or because the server's history goes on elsewhere. */
export type WalStreamEnd =
  { readonly kind: 'done' } | { readonly kind: 'switched'; readonly timeline: Timeline; readonly lsn: Lsn }

export type WalStreamOptions = Call & {
  readonly timeline: Timeline
  /** The start of a segment. */
  readonly from: Lsn
  /** A slot that is there already. */
  readonly slot: string | undefined
  readonly directory: WalDirectory
  /** Whether nothing more is wanted, given up to where WAL is written and when any arrived last, in Unix milliseconds. */
  readonly isEnough?: (received: Lsn, lastWalMs: number) => boolean
  /** Told of every message of the server, and of every time that the server is told what is safe. */
  readonly onProgress?: (positions: {
    readonly server: ServerPosition | undefined
    readonly received: Lsn
    readonly flushed: Lsn
  }) => void
  /** How often what was written is synced and told to the server besides at the end of each segment; 0 = never. */
  readonly syncIntervalMs?: number
}

/**
 * Connects for replication and checks that it is the cluster it must be.
 *
 * @throws {EngineError} `server.*`, `instance.identity-mismatch`
 */
export async function openWalConnection(
  settings: ConnectionSettings,
  systemIdentifier: bigint,
  call: Call,
): Promise<WalConnection> {
  await using stack = new AsyncDisposableStack()
  const connection = stack.use(replicationConnection(await openReplicationClient(settings, call)))
  const [identity] = await connection.command('IDENTIFY_SYSTEM', call.signal)
  const [found, timeline, flushLsn] = identity ?? []
  if (found !== String(systemIdentifier)) {
    throw new EngineError(
      'instance.identity-mismatch',
      `the replication connection leads to another cluster (${found})`,
      { hint: 'Check for a load balancer or a proxy between.' },
    )
  }
  stack.move()
  return Object.assign(connection, {
    timeline: Number(timeline),
    flushLsn: parseLsn(flushLsn ?? ''),
  })
}

/** The size of the server's segments. */
export async function readSegmentBytes(connection: WalConnection, signal: AbortSignal): Promise<number> {
  const [row] = await connection.command('SHOW wal_segment_size', signal)
  const parts = /^(?<count>\d+)(?<unit>B|kB|MB|GB)$/.exec(row?.[0] ?? '')?.groups
  const unitBytes = { B: 1, kB: 1 << 10, MB: 1 << 20, GB: 1 << 30 }[parts?.['unit'] ?? '']
  if (parts === undefined || unitBytes === undefined) {
    throw new EngineError('server.query-failed', `the server has segments of "${row?.[0]}"`)
  }
  return requireWalSegmentBytes(Number(parts['count']) * unitBytes)
}

/** The history file of a timeline as the server has it; undefined for the first, which has none. */
export async function fetchHistory(
  connection: WalConnection,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<{ readonly name: string; readonly text: string } | undefined> {
  if (timeline === 1) return undefined
  const [row] = await connection.command(`TIMELINE_HISTORY ${timeline}`, signal)
  const [name, text] = row ?? []
  return typeof name === 'string' && typeof text === 'string' ? { name, text } : undefined
}

/** A name as commands of the replication protocol have it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * Receives WAL of one timeline over one connection, until enough is there or the timeline ends. What was received is
 * written before this returns or throws; the file that is being written stays open for `directory.finish()`.
 *
 * @throws {EngineError} `server.*`, `storage.*`, and whatever the directory throws
 */
export async function streamWal(connection: WalConnection, options: WalStreamOptions): Promise<WalStreamEnd> {
  const { signal, log, directory, timeline, from } = options
  const slot = options.slot === undefined ? '' : `SLOT ${quoteName(options.slot)} `
  const stream = connection.stream(
    `START_REPLICATION ${slot}PHYSICAL ${formatLsn(from)} TIMELINE ${timeline}`,
  )
  log.verbose(`receiving WAL from ${formatLsn(from)} on timeline ${timeline}`)

  let received: Lsn = from
  let told: Lsn = from
  let server: ServerPosition | undefined
  let unwritten = 0
  let lastWalMs = Date.now()
  let isOver = false
  let writing: Promise<void> = Promise.resolve()
  const outcome = Promise.withResolvers<WalStreamEnd>()
  outcome.promise.catch(() => undefined)

  const showProgress = (): void => options.onProgress?.({ server, received, flushed: told })
  const tellStatus = (isReplyWanted = false): void => {
    // After the end of the stream the server reads commands, not copy data.
    if (isOver) return
    told = directory.syncedTo() ?? from
    connection.sendStatus({ written: received, flushed: told, isReplyWanted })
    showProgress()
  }
  const enqueue = (work: () => Promise<void>): void => {
    writing = writing.then(work)
    writing.catch(outcome.reject)
  }
  const syncAndTell = async (): Promise<void> => {
    if ((directory.syncedTo() ?? from) < received) await directory.sync()
    tellStatus()
  }
  let isFinishing = false
  const finishIfEnough = (): void => {
    if (isFinishing || options.isEnough?.(received, lastWalMs) !== true) return
    isFinishing = true
    // A busy server is further already and goes on sending; whoever reads the files next must find them at rest.
    stream.onWal = () => undefined
    writing = writing.then(() => directory.finish())
    writing.then(() => outcome.resolve({ kind: 'done' }), outcome.reject)
  }

  stream.onWal = (start, bytes, position) => {
    lastWalMs = Date.now()
    server = position
    unwritten += bytes.length
    if (unwritten > MOST_UNWRITTEN_BYTES) stream.pause()
    enqueue(async () => {
      await directory.write(timeline, start, bytes)
      unwritten -= bytes.length
      if (unwritten <= MOST_UNWRITTEN_BYTES / 2) stream.resume()
      received = lsnFromBigint(start + BigInt(bytes.length))
      // A segment has become durable: the server may let go of it.
      if ((directory.syncedTo() ?? from) > told) tellStatus()
      else showProgress()
      finishIfEnough()
    })
  }
  // A server without anything to send would not say how far it is.
  stream.onStart = () => tellStatus(true)
  stream.onKeepalive = (isReplyWanted, position) => {
    server = position
    showProgress()
    // A server that is shutting down waits until everything is said to be safe.
    if (isReplyWanted && !isFinishing) enqueue(syncAndTell)
  }
  stream.onEnd = (next) => {
    isOver = true
    writing.then(
      () =>
        next === undefined
          ? outcome.reject(new EngineError('server.connection-lost', 'the server ended the WAL stream'))
          : outcome.resolve({ kind: 'switched', ...next }),
      outcome.reject,
    )
  }
  stream.onError = outcome.reject

  const timers = [
    setInterval(() => tellStatus(true), STATUS_INTERVAL_MS),
    setInterval(() => {
      finishIfEnough()
      if (!isFinishing && Date.now() - stream.lastHeardMs() > MOST_SILENCE_MS) {
        outcome.reject(
          new EngineError('server.connection-lost', `the server was silent for ${MOST_SILENCE_MS / 1000} s`),
        )
      }
    }, WATCH_INTERVAL_MS),
  ]
  const { syncIntervalMs = 0 } = options
  if (syncIntervalMs > 0) {
    let isWaiting = false
    const look = (): void => {
      if (isWaiting || isOver || (directory.syncedTo() ?? from) >= received) return
      isWaiting = true
      enqueue(async () => {
        isWaiting = false
        await syncAndTell()
      })
    }
    timers.push(setInterval(look, syncIntervalMs))
  }
  const onAbort = (): void => outcome.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await outcome.promise
  } finally {
    isOver = true
    for (const timer of timers) clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
    stream.onWal = () => undefined
    await writing.catch(() => undefined)
  }
}
