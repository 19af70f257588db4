import { delay } from '../base/concurrency.ts'
import { describeError, EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { formatLsn, type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import type { ConnectionSettings } from './connection.ts'
import type { WalDirectory } from './wal-directory.ts'
import { fetchHistory, openWalConnection, quoteName, streamWal, type WalStreamEnd } from './wal-stream.ts'

const MOST_RECONNECTS = 5
const RECONNECT_MS = 1000
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

async function receiveOnce(
  settings: ConnectionSettings,
  options: ReceiveOptions,
  timeline: Timeline,
  from: Lsn,
): Promise<WalStreamEnd> {
  const { signal, slot, directory } = options
  await using connection = await openWalConnection(settings, options.systemIdentifier, options)
  // A slot that is there already is used; a temporary one can only be a leftover of this very session.
  if (slot?.isTemporary === true) {
    await connection.command(
      `CREATE_REPLICATION_SLOT ${quoteName(slot.name)} TEMPORARY PHYSICAL RESERVE_WAL`,
      signal,
    )
  }
  const history = await fetchHistory(connection, timeline, signal)
  if (history !== undefined) await directory.writeHistory(history.name, history.text)
  return await streamWal(connection, {
    timeline,
    from,
    slot: slot?.name,
    directory,
    isEnough: (received, lastWalMs) => isComplete(options, received, lastWalMs),
    signal,
    log: options.log,
  })
}

function isComplete({ until, segmentBytes }: ReceiveOptions, received: Lsn, lastWalMs: number): boolean {
  const stop = until()
  if (stop === undefined) return false
  // A stop on the very boundary lies at the end of the segment before it.
  const last = walSegmentNumber(lsnFromBigint(stop.lsn - 1n), segmentBytes)
  if (received >= walSegmentStart(last + 1n, segmentBytes)) return true
  return stop.isProven && received > stop.lsn && Date.now() - lastWalMs > SILENCE_AT_END_MS
}
