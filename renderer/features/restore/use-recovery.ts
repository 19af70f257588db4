import { useMemo } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { RecoveryWindowRecord } from '../../../engine/api/contract/recovery.ts'
import type {
  AccidentRecord,
  RestorePointRecord,
  WalIndexStatus,
} from '../../../engine/api/contract/wal-index.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { ReceiverStatus } from '../../../engine/api/contract/wal-receiver.ts'
import type { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { isoOfMs, msOfIso } from '../../lib/micro-time.ts'
import { type Query, type QueryState, useQuery } from '../../lib/use-query.ts'
import { useSettled } from '../../lib/use-settled.ts'
import type { Activity } from '../../pictures/recovery-activity.tsx'
import { type Lane, lanesFrom, type SafeUntil, spanOfLanes } from '../../pictures/recovery-lanes.ts'
import type { TimeRange } from '../../pictures/time-range.ts'

/** Everything that the picture is made of. */
export type RecoveryFacts = {
  readonly window: RecoveryWindowRecord
  readonly backups: readonly BackupRecord[]
  readonly lanes: readonly Lane[]
}

/** Which moments of an instance can be reached. */
export function useRecovery(instance: InstanceRef): Query<RecoveryFacts> {
  const engine = useEngine()
  return useQuery(`recovery ${instance.catalog}\n${instance.instance}`, async (signal) => {
    const [window, { backups }] = await Promise.all([
      engine['recovery.window'](instance, { signal }),
      engine['backups.list'](instance, { signal }),
    ])
    return { window, backups, lanes: lanesFrom(window, backups) }
  })
}

/** What was read of the WAL: undefined parts are not known, or not yet. */
export type IndexFacts = {
  readonly status: WalIndexStatus | undefined
  /** Why there is no index: its disk is full, say. */
  readonly problem: EngineError | undefined
  readonly accidents: readonly AccidentRecord[]
  readonly points: readonly RestorePointRecord[]
}

const MOST_MARKS = 200
const NO_FACTS: IndexFacts = { status: undefined, problem: undefined, accidents: [], points: [] }

/** What the index of the WAL tells; nothing where there is none, which must not keep anybody from restoring. */
export function useIndexFacts(instance: InstanceRef): IndexFacts {
  const engine = useEngine()
  const facts = useQuery(`wal facts ${instance.catalog}\n${instance.instance}`, async (signal) => {
    const [status, { accidents }, { points }] = await Promise.all([
      engine['wal.index-status'](instance, { signal }),
      engine['wal.accidents']({ ...instance, limit: MOST_MARKS }, { signal }),
      engine['wal.restore-points']({ ...instance, limit: MOST_MARKS }, { signal }),
    ])
    return { status, problem: undefined, accidents, points }
  })
  if (facts.kind === 'ready') return facts.value
  return facts.kind === 'failed' ? { ...NO_FACTS, problem: facts.error } : NO_FACTS
}

/** What the WAL receiver knows of the end of the archive, where one runs here or has run. */
export function safeUntil(receiver: QueryState<ReceiverStatus>): SafeUntil | undefined {
  const status = receiver.kind === 'ready' ? receiver.value : undefined
  if (status?.timeline === undefined || status.safeAt === undefined) return undefined
  return { timeline: status.timeline, ms: status.lagMs === 0 ? Infinity : msOfIso(status.safeAt) }
}

const BUCKETS = 130
const SETTLED_MS = 200

/** Commits in equal parts of what is shown. */
export function useActivity(
  instance: InstanceRef,
  lanes: readonly Lane[],
  range: TimeRange | undefined,
): Activity | undefined {
  const engine = useEngine()
  const wanted = useMemo(() => {
    // The tail that grows with the time has no commits.
    const [fromMs, toMs] = range ?? spanOfLanes(lanes, 0) ?? [0, 0]
    return `${isoOfMs(fromMs)} ${isoOfMs(toMs)}`
  }, [lanes, range])
  const settled = useSettled(wanted, SETTLED_MS)
  const [from, to] = settled.split(' ')
  const activity = useQuery(
    `activity ${instance.catalog}\n${instance.instance}\n${settled}`,
    async (signal) => {
      if (from === undefined || to === undefined || from === to) return undefined
      return engine['wal.activity']({ ...instance, from, to, buckets: BUCKETS }, { signal })
    },
  )
  const value = activity.kind === 'ready' ? activity.value : undefined
  return useMemo(
    () =>
      value?.from === undefined || value.to === undefined
        ? undefined
        : { fromMs: msOfIso(value.from), toMs: msOfIso(value.to), counts: value.counts },
    [value],
  )
}
