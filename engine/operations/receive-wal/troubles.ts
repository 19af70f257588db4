import { delay } from '../../base/concurrency.ts'
import { describeError } from '../../base/engine-error.ts'
import { formatLsn } from '../../base/lsn.ts'
import { walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import { archiveDirectory } from '../../catalog/paths.ts'
import { freeBytes } from '../../host/disk.ts'
import type { ConnectionSettings } from '../../server/connection.ts'
import { oldestSegmentOnServer } from './oldest-segment.ts'
import { LONGEST_PAUSE_MS, pauseMs, type ReceivePoint } from './plan.ts'
import { held, withGap } from './state.ts'
import type { Task } from './task.ts'

/** How often a full disk is looked at. */
const DISK_LOOK_MS = 1000
/** A trouble that goes on is told again after this time. */
const REPEAT_MS = 3_600_000
/** Room that there must be before a full disk is tried again, in segments. */
const ROOM_SEGMENTS = 2n

/** Where to go on when the server has removed what is next; undefined while that cannot be told. */
export async function passGap(
  task: Task,
  settings: ConnectionSettings,
  point: ReceivePoint,
  cause: unknown,
): Promise<ReceivePoint | undefined> {
  const { run, segmentBytes, show } = task
  const found = await oldestSegmentOnServer(settings, point, segmentBytes, run).catch((thrown: unknown) => {
    run.signal.throwIfAborted()
    run.log.verbose(describeError(thrown))
    return undefined
  })
  if (found === undefined) return undefined
  const name = ({ timeline, from }: ReceivePoint) =>
    walSegmentName({ timeline, number: walSegmentNumber(from, segmentBytes) }, segmentBytes)
  run.log.error(
    `the server has removed WAL that was not received (${describeError(cause)}): ` +
      `the archive has a gap from ${name(point)} up to ${name(found)}; take a backup to be able to restore later moments`,
  )
  show(withGap(task.state(), { timeline: point.timeline, from: point.from, to: found.from }))
  return found
}

/** Tells why nothing comes, and waits before the next try, longer each time. */
export async function pause(task: Task, thrown: unknown, attempt: number): Promise<void> {
  const { run } = task
  const ms = pauseMs(attempt)
  task.show(held(task.state(), 'reconnecting', thrown, run.clock.nowMs() + ms))
  complain(task, `receiving WAL: ${describeError(thrown)}; trying again`)
  await delay(ms, run.signal)
}

/** Until there is room for what comes next, or half a minute: not every lack of room can be seen. */
export async function waitForRoom(task: Task, thrown: unknown): Promise<void> {
  const { run, input, segmentBytes } = task
  const until = run.clock.nowMs() + LONGEST_PAUSE_MS
  task.show(held(task.state(), 'disk-full', thrown, until))
  complain(task, `receiving WAL: ${describeError(thrown)}; waiting for room`)
  const directory = archiveDirectory(input.catalog, input.instance)
  while (run.clock.nowMs() < until) {
    await delay(DISK_LOOK_MS, run.signal)
    if (BigInt((await freeBytes(directory)) ?? 0) >= ROOM_SEGMENTS * BigInt(segmentBytes)) return
  }
}

/** Says it at once, and the same again only after an hour: a server may be away for weeks. */
function complain({ run, repeated }: Task, message: string): void {
  const nowMs = run.clock.nowMs()
  const toldMs = repeated.get(message)
  if (toldMs !== undefined && nowMs - toldMs < REPEAT_MS) return
  repeated.clear()
  repeated.set(message, nowMs)
  run.log.warning(message)
}

/** Where receiving begins: the first time, and when a trouble is over. */
export function tellOnce(
  { input, run, repeated }: Task,
  isFirst: boolean,
  { timeline, from }: ReceivePoint,
): void {
  const where = `from ${formatLsn(from)} on timeline ${timeline}`
  const how = input.slot === undefined ? 'without a replication slot' : `with the slot "${input.slot.name}"`
  if (isFirst && input.slot === undefined) {
    run.log.warning('without a replication slot the server may remove WAL before it was received')
  }
  if (isFirst || repeated.size > 0) run.log.info(`receiving WAL ${where}, ${how}`)
  repeated.clear()
}
