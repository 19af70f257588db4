import { describeError, EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn } from '../../base/lsn.ts'
import type { Run } from '../../base/run.ts'
import type { Timeline } from '../../base/wal-segment.ts'
import { readInstanceConfig } from '../../catalog/instance.ts'
import { archiveDirectory } from '../../catalog/paths.ts'
import { lockReceiver } from '../../catalog/receiver-lock.ts'
import { readWalArchive } from '../../catalog/wal-archive.ts'
import { configSystemId, type InstanceConfig } from '../../format/instance-config.ts'
import { parseTimelineHistory } from '../../format/timeline-history.ts'
import type { ConnectionSettings } from '../../server/connection.ts'
import { requireSlot } from '../../server/replication-slot.ts'
import {
  fetchHistory,
  openWalConnection,
  readSegmentBytes,
  streamWal,
  type WalConnection,
} from '../../server/wal-stream.ts'
import { requireSegmentSize } from '../steps/segment-size.ts'
import { type ArchiveWriter, openArchiveWriter } from './archive-writer.ts'
import {
  findResumePoint,
  neverConnected,
  pointAt,
  type ReceivePoint,
  remedyFor,
  type ServerLine,
} from './plan.ts'
import { initialState, progressed, type ReceiverState } from './state.ts'
import type { ReceiveWalInput, Task } from './task.ts'
import { passGap, pause, tellOnce, waitForRoom } from './troubles.ts'

/** What was received is synced and told to the server at least this often: that much may be lost with the server. */
const SYNC_INTERVAL_MS = 1000
export type ReceivedWal = {
  readonly segmentCount: number
  readonly receivedBytes: number
  readonly flushedLsn: Lsn | undefined
}

/**
 * Receives WAL of a cluster into the archive of its instance until it is told to stop, which is a success: the segment
 * that has begun stays as `.partial`, synced. A first connection is tried for `firstConnectMs`; lost ones are made again
 * for ever, with pauses up to 30 s; timeline switches are followed; a full disk is waited for. WAL that the server no
 * longer has is a gap, which is told, and what is left is received.
 *
 * @throws {EngineError} `catalog.locked` when another receiver is at work; `instance.identity-mismatch`;
 * `wal.conflict` when the archive has other WAL than the server; `server.*` and `storage.*` before anything could be
 * received
 */
export async function receiveWalForever(
  input: ReceiveWalInput,
  run: Run,
  tell: (state: ReceiverState) => void,
): Promise<ReceivedWal> {
  const { catalog, instance } = input
  const config = readInstanceConfig(catalog, instance)
  const segmentBytes = requireSegmentSize(undefined, config, instance)
  await using _lock = await lockReceiver(catalog, instance)
  const directory = archiveDirectory(catalog, instance)
  const writer = openArchiveWriter({ directory, segmentBytes, compressLevel: input.compressLevel })
  let state = initialState(input.slot?.name)
  const show = (changed: ReceiverState): void => {
    state = changed
    tell(state)
    run.report(reportOf(state))
  }
  const task: Task = {
    input,
    run,
    writer,
    segmentBytes,
    systemIdentifier: requireSystemId(config),
    state: () => state,
    show,
    repeated: new Map(),
  }
  show(state)
  run.log.info(`receiving WAL into "${directory}"`)
  try {
    await receiveUntilStopped(task)
  } catch (thrown) {
    if (!run.signal.aborted) throw thrown
  } finally {
    // The failure that ended it is the one to tell.
    await writer.finish().catch((failed: unknown) => run.log.warning(describeError(failed)))
  }
  const { segmentCount, receivedBytes } = writer
  run.log.info(`stopped receiving WAL; ${segmentCount} segments were completed`)
  return { segmentCount, receivedBytes, flushedLsn: state.flushedLsn }
}

function requireSystemId(config: InstanceConfig): bigint {
  const found = configSystemId(config)
  if (found !== undefined) return found
  throw new EngineError('instance.identity-mismatch', 'the instance does not say which cluster it is of', {
    hint: 'Add the system-identifier to its pg_probackup.conf, or register the cluster anew.',
  })
}

async function receiveUntilStopped(task: Task): Promise<never> {
  const { input, run, writer, show } = task
  const beginMs = run.clock.nowMs()
  let hasConnected = input.firstConnectMs === undefined
  let hasStreamed = false
  let attempt = 0
  /** Set after the server was found to have nothing older. */
  let jump: ReceivePoint | undefined
  for (;;) {
    run.signal.throwIfAborted()
    let point: ReceivePoint | undefined
    let settings: ConnectionSettings | undefined
    let hasReceived = false
    try {
      settings = await input.connection()
      await using connection = await openWalConnection(settings, task.systemIdentifier, run)
      hasConnected = true
      await requireSameSegments(connection, task)
      const slot =
        input.slot === undefined ? undefined : await requireSlot(connection, settings, input.slot, run)
      const line = await readLine(connection, task)
      point = jump ?? (await startPoint(connection, task, line, slot?.restartLsn))
      if (point.timeline === connection.timeline && point.from > connection.flushLsn)
        throw isBehind(point.from, connection)
      const isFirst = !hasStreamed
      const { from } = point
      await writer.begin()
      show({ ...task.state(), timeline: point.timeline, connectedAtMs: run.clock.nowMs() })
      tellOnce(task, isFirst, point)
      const end = await streamWal(connection, {
        ...point,
        slot: input.slot?.name,
        directory: writer,
        syncIntervalMs: SYNC_INTERVAL_MS,
        onProgress: (heard) => {
          hasStreamed = true
          attempt = 0
          // Before that, the archive has nothing to go on from there.
          if (heard.received > from) {
            jump = undefined
            hasReceived = true
          }
          show(
            progressed(task.state(), { ...heard, ...countsOf(writer) }, task.segmentBytes, run.clock.nowMs()),
          )
        },
        signal: run.signal,
        log: run.log,
      })
      if (end.kind === 'switched') {
        run.log.info(
          `timeline ${point.timeline} ended at ${formatLsn(end.lsn)}; following timeline ${end.timeline}`,
        )
        await writer.begin()
        hasStreamed = true
        jump = pointAfter(end.timeline, end.lsn, task.segmentBytes)
      }
    } catch (thrown) {
      run.signal.throwIfAborted()
      await writer.begin().catch((failed: unknown) => run.log.verbose(describeError(failed)))
      attempt++
      const triedMs = run.clock.nowMs() - beginMs
      if (!hasConnected && triedMs > (input.firstConnectMs ?? 0)) throw neverConnected(thrown, triedMs)
      switch (remedyFor(thrown, hasStreamed)) {
        case 'stop':
          throw thrown
        case 'space':
          await waitForRoom(task, thrown)
          break
        case 'gap':
          if (point === undefined || settings === undefined) throw thrown
          // The gap begins where the stream has come to, which the archive tells.
          if (hasReceived) break
          jump = await passGap(task, settings, point, thrown)
          if (jump !== undefined) break
          await pause(task, thrown, attempt)
          break
        case 'retry':
          await pause(task, thrown, attempt)
      }
    }
  }
}

/** A timeline begins in the middle of a segment that its ancestor has begun: all of it is wanted. */
function pointAfter(timeline: Timeline, lsn: Lsn, segmentBytes: number): ReceivePoint {
  return pointAt(lsn, { timeline, history: [] }, segmentBytes)
}

async function requireSameSegments(connection: WalConnection, { run, segmentBytes }: Task): Promise<void> {
  const found = await readSegmentBytes(connection, run.signal)
  if (found === segmentBytes) return
  throw new EngineError(
    'instance.identity-mismatch',
    `the server has WAL segments of ${found} bytes, the instance was registered with ${segmentBytes}`,
    { hint: 'Register the cluster as an instance of its own.' },
  )
}

/** The server's timeline with its ancestors. The history file is in the archive before any WAL of that timeline. */
async function readLine(connection: WalConnection, { run, writer }: Task): Promise<ServerLine> {
  const file = await fetchHistory(connection, connection.timeline, run.signal)
  if (file === undefined) return { timeline: connection.timeline, history: [] }
  await writer.writeHistory(file.name, file.text)
  return { timeline: connection.timeline, history: parseTimelineHistory(file.text) }
}

/** After what the archive has; for an empty one, from where the slot holds WAL, else from where the server is now. */
async function startPoint(
  connection: WalConnection,
  { input, run, segmentBytes }: Task,
  line: ServerLine,
  slotLsn: Lsn | undefined,
): Promise<ReceivePoint> {
  const archive = await readWalArchive(input.catalog, input.instance, segmentBytes, run)
  return findResumePoint(archive, line) ?? pointAt(slotLsn ?? connection.flushLsn, line, segmentBytes)
}

function isBehind(from: Lsn, { flushLsn }: WalConnection): EngineError {
  return new EngineError(
    'plan.stale',
    `the archive has WAL up to ${formatLsn(from)}, and the server only up to ${formatLsn(flushLsn)}`,
    {
      hint: 'A standby that was restarted catches up by itself. If the server was set back to an earlier state, give it an instance of its own.',
    },
  )
}

function countsOf({ segmentCount, receivedBytes }: ArchiveWriter) {
  return { segmentCount, receivedBytes }
}

function reportOf(state: ReceiverState) {
  const { phase, receivedBytes, segmentCount, problem } = state
  const reason = problem === undefined ? undefined : describeError(problem)
  return {
    phase: phase === 'streaming' || phase === 'catching-up' ? ('receive-wal' as const) : ('connect' as const),
    doneBytes: receivedBytes,
    totalBytes: undefined,
    doneFiles: segmentCount,
    totalFiles: undefined,
    currentFiles: [],
    ...(reason !== undefined && { reason }),
  }
}
