import { describeError, EngineError } from '../base/engine-error.ts'
import { delay } from '../base/concurrency.ts'
import { formatLsn, type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { Log } from '../base/log.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { type ConnectionSettings, openReplicationClient } from './connection.ts'
import { type ReplicationConnection, replicationConnection } from './replication.ts'
import type { WalDirectory } from './wal-directory.ts'

const STATUS_INTERVAL_MS = 10_000
/** A server sends at least keepalives; one that is silent for longer is gone. */
const MOST_SILENCE_MS = 120_000
const MOST_RECONNECTS = 5
const RECONNECT_MS = 1000
/** Received bytes that wait to be written; beyond them the socket is not read. */
const MOST_UNWRITTEN_BYTES = 16 << 20
/** A standby does not finish the segment in which a backup stops; after this much silence it is taken as it is. */
const SILENCE_AT_END_MS = 3000

export type ReceiveOptions = {
  readonly systemIdentifier: bigint
  readonly timeline: Timeline
  /** Receiving begins at the start of the segment that holds it. */
  readonly startLsn: Lsn
  readonly segmentBytes: number
  readonly slot: { readonly name: string; readonly isTemporary: boolean } | undefined
  readonly directory: WalDirectory
  /** Where to stop, once that is known. `isProven`: the WAL up to there has been read, the rest of the segment is a courtesy. */
  readonly until: () => { readonly lsn: Lsn; readonly isProven: boolean } | undefined
  readonly signal: AbortSignal
  readonly log: Log
}

/**
 * Receives WAL over the replication protocol into a directory until the segment that holds the stop is complete.
 * A connection that breaks is made again a few times, from the start of the unfinished segment; the same bytes are
 * written again then. A timeline switch is followed. However it ends, nothing is written or held open any more.
 *
 * @throws {EngineError} `server.connection-lost`, `instance.identity-mismatch`, `wal.missing`
 */
export async function receiveWal(settings: ConnectionSettings, options: ReceiveOptions): Promise<void> {
  try {
    await receiveToTheEnd(settings, options)
  } catch (thrown) {
    // The first failure is the one to tell.
    await options.directory.finish().catch((failed: unknown) => options.log.verbose(describeError(failed)))
    throw thrown
  }
}

async function receiveToTheEnd(settings: ConnectionSettings, options: ReceiveOptions): Promise<void> {
  const { signal, log } = options
  let timeline = options.timeline
  let from = walSegmentStart(walSegmentNumber(options.startLsn, options.segmentBytes), options.segmentBytes)
  for (let losses = 0; ;) {
    try {
      const end = await receiveOnce(settings, options, timeline, from)
      if (end.kind === 'done') return
      log.info(`timeline ${timeline} ended at ${formatLsn(end.lsn)}; following timeline ${end.timeline}`)
      timeline = end.timeline
      from = walSegmentStart(walSegmentNumber(end.lsn, options.segmentBytes), options.segmentBytes)
    } catch (thrown) {
      signal.throwIfAborted()
      const isLost =
        thrown instanceof EngineError &&
        (thrown.code === 'server.connection-lost' || thrown.code === 'server.unreachable')
      if (!isLost || ++losses > MOST_RECONNECTS) throw thrown
      log.warning(`receiving WAL: ${describeError(thrown)}; connecting again`)
      from = options.directory.unfinishedFrom() ?? from
      await delay(RECONNECT_MS, signal)
    }
  }
}

type End =
  { readonly kind: 'done' } | { readonly kind: 'switched'; readonly timeline: Timeline; readonly lsn: Lsn }

async function receiveOnce(
  settings: ConnectionSettings,
  options: ReceiveOptions,
  timeline: Timeline,
  from: Lsn,
): Promise<End> {
  const { signal, log, directory } = options
  const client = await openReplicationClient(settings, { signal, log })
  await using connection = replicationConnection(client)
  const identity = await connection.command('IDENTIFY_SYSTEM', signal)
  if (identity[0]?.[0] !== String(options.systemIdentifier)) {
    throw new EngineError(
      'instance.identity-mismatch',
      `the replication connection leads to another cluster (${identity[0]?.[0]})`,
      {
        hint: 'Check for a load balancer or a proxy between.',
      },
    )
  }
  if (options.slot !== undefined) await makeSlot(connection, options.slot, signal)
  if (timeline > 1) await storeHistory(connection, timeline, directory, signal)
  const slot = options.slot === undefined ? '' : `SLOT ${quoted(options.slot.name)} `
  const stream = connection.stream(
    `START_REPLICATION ${slot}PHYSICAL ${formatLsn(from)} TIMELINE ${timeline}`,
  )
  log.verbose(`receiving WAL from ${formatLsn(from)} on timeline ${timeline}`)

  let received: Lsn = from
  let unwritten = 0
  let lastHeardMs = Date.now()
  let writing: Promise<void> = Promise.resolve()
  const tellStatus = (): void =>
    connection.sendStatus({ written: received, flushed: directory.syncedTo() ?? from })
  const outcome = Promise.withResolvers<End>()
  outcome.promise.catch(() => undefined)

  const isComplete = (): boolean => {
    const stop = options.until()
    if (stop === undefined) return false
    // A stop on the very boundary lies at the end of the segment before it.
    const last = walSegmentNumber(lsnFromBigint(stop.lsn - 1n), options.segmentBytes)
    if (received >= walSegmentStart(last + 1n, options.segmentBytes)) return true
    return stop.isProven && received > stop.lsn && Date.now() - lastHeardMs > SILENCE_AT_END_MS
  }
  let isFinishing = false
  const finishIfComplete = (): void => {
    if (isFinishing || !isComplete()) return
    isFinishing = true
    // A busy server is further already and goes on sending; whoever reads the files next must find them at rest.
    stream.onWal = () => undefined
    writing = writing.then(() => directory.finish())
    writing.then(() => outcome.resolve({ kind: 'done' }), outcome.reject)
  }

  stream.onWal = (start, bytes) => {
    lastHeardMs = Date.now()
    unwritten += bytes.length
    if (unwritten > MOST_UNWRITTEN_BYTES) stream.pause()
    writing = writing.then(async () => {
      await directory.write(timeline, start, bytes)
      unwritten -= bytes.length
      if (unwritten <= MOST_UNWRITTEN_BYTES / 2) stream.resume()
      received = lsnFromBigint(start + BigInt(bytes.length))
      finishIfComplete()
    })
    writing.catch(outcome.reject)
  }
  stream.onKeepalive = (isReplyWanted) => {
    if (isReplyWanted) tellStatus()
  }
  stream.onEnd = (next) => {
    writing.then(
      () =>
        next === undefined
          ? outcome.reject(new EngineError('server.connection-lost', 'the server ended the WAL stream'))
          : outcome.resolve({ kind: 'switched', ...next }),
      outcome.reject,
    )
  }
  stream.onError = outcome.reject

  const status = setInterval(tellStatus, STATUS_INTERVAL_MS)
  const watch = setInterval(() => {
    finishIfComplete()
    if (options.until() === undefined && Date.now() - stream.lastHeardMs() > MOST_SILENCE_MS) {
      outcome.reject(
        new EngineError('server.connection-lost', `the server was silent for ${MOST_SILENCE_MS / 1000} s`),
      )
    }
  }, 200)
  const onAbort = (): void => outcome.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await outcome.promise
  } finally {
    clearInterval(status)
    clearInterval(watch)
    signal.removeEventListener('abort', onAbort)
    stream.onWal = () => undefined
    await writing.catch(() => undefined)
  }
}

async function makeSlot(
  connection: ReplicationConnection,
  { name, isTemporary }: { readonly name: string; readonly isTemporary: boolean },
  signal: AbortSignal,
): Promise<void> {
  // A slot that is there already is used; a temporary one can only be a leftover of this very session.
  if (isTemporary)
    await connection.command(`CREATE_REPLICATION_SLOT ${quoted(name)} TEMPORARY PHYSICAL RESERVE_WAL`, signal)
}

async function storeHistory(
  connection: ReplicationConnection,
  timeline: Timeline,
  directory: WalDirectory,
  signal: AbortSignal,
): Promise<void> {
  const rows = await connection.command(`TIMELINE_HISTORY ${timeline}`, signal)
  const [name, text] = rows[0] ?? []
  if (typeof name === 'string' && typeof text === 'string') await directory.writeHistory(name, text)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
