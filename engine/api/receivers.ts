import { EngineError, toWireError } from '../base/engine-error.ts'
import { formatLsn } from '../base/lsn.ts'
import { isoFromMs } from '../base/iso-time.ts'
import { findReceiver } from '../catalog/receiver-lock.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { LatestFeed } from '../jobs/latest-feed.ts'
import { FIRST_CONNECT_MS } from '../operations/receive-wal/plan.ts'
import { receiveWalForever } from '../operations/receive-wal/run.ts'
import type { ReceiverState } from '../operations/receive-wal/state.ts'
import type { ReceiverSetting } from './app-state.ts'
import { type AskedConnection, connectionOf } from './connections.ts'
import type { EngineContext } from './context.ts'
import type { JobResult } from './contract/jobs.ts'
import type { InstanceRef } from './contract/values.ts'
import type { ReceiverStatus } from './contract/wal-receiver.ts'

/** A window is told of a receiver at most twice a second. */
const FEED_INTERVAL_MS = 500
/** How long stopping may take: a sync of one segment. */
const STOP_TIMEOUT_MS = 30_000

/** What was given for this start only: nothing of it is written down. */
type Given = { readonly connection?: AskedConnection | undefined; readonly password?: string | undefined }

type Receiver = {
  readonly setting: ReceiverSetting
  readonly job: string
  readonly done: Promise<void>
  state: ReceiverState | undefined
  failure: unknown
  hasEnded: boolean
}

/** The WAL receivers of this application. */
export type Receivers = {
  /** Starts one, unless one with these settings runs, and has it started with the application from now on. */
  start(setting: ReceiverSetting, given: Given): Promise<string>
  stop(ref: InstanceRef): Promise<ReceiverStatus>
  status(ref: InstanceRef): ReceiverStatus
  watch(ref: InstanceRef, signal: AbortSignal): AsyncIterable<ReceiverStatus>
  list(): readonly ReceiverStatus[]
  /** Starts those that are kept. One that fails tells so as a job. */
  startKept(): void
  /** The application ends: what is stopped from now on is started again with it. */
  close(): void
}

export function openReceivers(context: EngineContext): Receivers {
  const { state, jobs, clock, changes } = context
  const receivers = new Map<string, Receiver>()
  const feeds = new Map<string, LatestFeed<ReceiverStatus>>()
  let isClosing = false

  const keyOf = ({ catalog, instance }: InstanceRef): string => `${catalog}\n${instance}`

  const publish = (ref: InstanceRef): void => feeds.get(keyOf(ref))?.push(statusOf(ref))

  /** `isNew`: given by somebody just now, who wants to hear when they lead to no server. */
  function begin(setting: ReceiverSetting, given: Given, isNew: boolean): string {
    const { catalog, instance } = setting
    const done = Promise.withResolvers<void>()
    let receiver: Receiver | undefined
    let hasConnected = false
    const { id } = jobs.start({
      kind: 'receive-wal',
      catalog,
      instance,
      isService: true,
      run: async (run): Promise<JobResult> => {
        try {
          const input = {
            catalog,
            instance,
            connection: async () => {
              const config = readInstanceConfig(catalog, instance)
              return await connectionOf(context, setting, config, given.connection, given.password)
            },
            slot: setting.slot,
            compressLevel: setting.compressLevel,
            firstConnectMs: isNew ? FIRST_CONNECT_MS : undefined,
          }
          const received = await receiveWalForever(input, run, (now) => {
            if (receiver === undefined) return
            hasConnected ||= now.connectedAtMs !== undefined
            receiver.state = now
            publish(setting)
          })
          // Somebody stopped the job, not the application.
          if (!isClosing && receivers.get(keyOf(setting)) === receiver) await state.removeReceiver(setting)
          return {
            kind: 'receive-wal',
            ...received,
            flushedLsn: received.flushedLsn && formatLsn(received.flushedLsn),
          }
        } catch (thrown) {
          if (receiver !== undefined) receiver.failure = thrown
          // What led nowhere is not to be tried again, for ever then, with every start of the application.
          if (isNew && !hasConnected && !isClosing) await state.removeReceiver(setting)
          throw thrown
        } finally {
          if (receiver !== undefined) receiver.hasEnded = true
          done.resolve()
          publish(setting)
        }
      },
    })
    receiver = { setting, job: id, done: done.promise, state: undefined, failure: undefined, hasEnded: false }
    receivers.set(keyOf(setting), receiver)
    publish(setting)
    return id
  }

  function statusOf(ref: InstanceRef): ReceiverStatus {
    const receiver = receivers.get(keyOf(ref))
    const now = receiver?.state
    const isRunning = receiver !== undefined && !receiver.hasEnded
    const owner = isRunning ? undefined : findReceiver(ref.catalog, ref.instance)
    const failure = receiver?.failure
    const kept = state.receivers.find((one) => keyOf(one) === keyOf(ref))
    const setting = receiver?.setting ?? kept
    const time = (ms: number | undefined) => (ms === undefined ? undefined : isoFromMs(ms))
    const problem = isRunning ? now?.problem : failure
    return {
      catalog: ref.catalog,
      instance: ref.instance,
      phase: isRunning
        ? (now?.phase ?? 'connecting')
        : owner !== undefined
          ? 'elsewhere'
          : failure === undefined
            ? 'off'
            : 'failed',
      isKept: kept !== undefined,
      job: receiver?.job,
      owner: owner === undefined ? undefined : { pid: owner.pid, host: owner.host },
      slot: setting?.slot?.name,
      isCompressed: setting?.compressLevel !== undefined,
      timeline: now?.timeline,
      receivedLsn: now?.receivedLsn,
      flushedLsn: now?.flushedLsn,
      serverLsn: now?.serverLsn,
      lagBytes: now?.lagBytes,
      safeAt: time(now?.safeAtMs),
      lagMs:
        now?.safeAtMs === undefined
          ? undefined
          : isRunning && now.phase === 'streaming' && now.lagBytes === 0
            ? 0
            : Math.max(0, clock.nowMs() - now.safeAtMs),
      connectedAt: isRunning ? time(now?.connectedAtMs) : undefined,
      lossCount: now?.lossCount ?? 0,
      segmentCount: now?.segmentCount ?? 0,
      receivedBytes: now?.receivedBytes ?? 0,
      gaps: now?.gaps ?? [],
      problem: problem === undefined ? undefined : toWireError(problem),
      nextTryAt: isRunning ? time(now?.nextTryAtMs) : undefined,
    }
  }

  async function end(receiver: Receiver): Promise<void> {
    if (receiver.hasEnded) return
    jobs.cancel(receiver.job)
    const limit = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => limit.reject(new EngineError('run.timeout', 'the WAL receiver does not stop')),
      STOP_TIMEOUT_MS,
    )
    try {
      await Promise.race([receiver.done, limit.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async start(setting, given) {
      readInstanceConfig(setting.catalog, setting.instance)
      const running = receivers.get(keyOf(setting))
      // Whoever changes one that is kept while its server is away must not end up with none.
      const isNew =
        given.connection !== undefined || !state.receivers.some((one) => keyOf(one) === keyOf(setting))
      await state.addReceiver(setting)
      if (running !== undefined && !running.hasEnded) {
        if (isSame(running.setting, setting) && given.connection === undefined) return running.job
        receivers.delete(keyOf(setting))
        await end(running)
      }
      const job = begin(setting, given, isNew)
      changes.tell('instance', setting.catalog, setting.instance)
      return job
    },
    async stop(ref) {
      await state.removeReceiver(ref)
      const receiver = receivers.get(keyOf(ref))
      if (receiver !== undefined) await end(receiver)
      changes.tell('instance', ref.catalog, ref.instance)
      return statusOf(ref)
    },
    status(ref) {
      readInstanceConfig(ref.catalog, ref.instance)
      return statusOf(ref)
    },
    watch(ref, signal) {
      readInstanceConfig(ref.catalog, ref.instance)
      const feed = feeds.get(keyOf(ref)) ?? new LatestFeed<ReceiverStatus>(FEED_INTERVAL_MS)
      feeds.set(keyOf(ref), feed)
      feed.push(statusOf(ref))
      return feed.watch(signal)
    },
    list() {
      const refs = new Map<string, InstanceRef>()
      for (const one of state.receivers) refs.set(keyOf(one), one)
      for (const { setting } of receivers.values()) refs.set(keyOf(setting), setting)
      return [...refs.values()].map(statusOf)
    },
    startKept() {
      for (const setting of state.receivers) begin(setting, {}, false)
    },
    close() {
      isClosing = true
    },
  }
}

function isSame(one: ReceiverSetting, other: ReceiverSetting): boolean {
  return (
    one.slot?.name === other.slot?.name &&
    one.slot?.isMade === other.slot?.isMade &&
    one.compressLevel === other.compressLevel
  )
}
