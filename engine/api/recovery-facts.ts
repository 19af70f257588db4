import { EngineError } from '../base/engine-error.ts'
import type { Range } from '../base/figures.ts'
import { readInventory } from '../catalog/inventory.ts'
import { type RecoveryModel, recoveryModel } from '../catalog/recovery-model.ts'
import type { LocatedRecord, LostRest, RestoreRates } from '../catalog/recovery-request.ts'
import type { ReadTarget } from '../catalog/recovery-target.ts'
import { timelineTree } from '../catalog/recovery-timelines.ts'
import { readWalArchive } from '../catalog/wal-archive.ts'
import { configNumber } from '../format/instance-config.ts'
import { countLostCommits } from '../wal-index/lost-commits.ts'
import { type PartialReaches, readPartialReaches } from '../wal-index/partial-reach.ts'
import { type EndsAround, endsAround } from '../wal-index/ends-around.ts'
import { locateRestorePoint, locateTransaction, recoveryFacts } from '../wal-index/recovery-facts.ts'
import type { SegmentRow } from '../wal-index/segment-row.ts'
import { keyOf } from '../wal-index/update.ts'
import type { EngineContext } from './context.ts'
import type { JobResult } from './contract/jobs.ts'
import type { InstanceRef } from './contract/values.ts'
import { coverageOf, type OpenedWalIndex } from './wal-indexes.ts'

const USUAL_SEGMENT_BYTES = 16 << 20
/** As many of the newest jobs tell how fast restores are. */
const JOBS_LOOKED_AT = 200
const RESTORES_MEASURED = 3
/** Less than that is over before it can be measured. */
const LEAST_REPLAYED_BYTES = 1 << 20

/** Of every archive that this process has looked at. */
const partialsRead: PartialReaches = new Map()

/** What is known of the reachable moments of an instance, and how a record is found. */
export type GatheredRecovery = {
  readonly model: RecoveryModel
  /** Undefined when the record was not found, and WAL is left that nobody has read. */
  locate(target: ReadTarget): readonly LocatedRecord[] | undefined
  /** How many commits a stop at the target leaves out; undefined when WAL is left that nobody has read. */
  countLost(target: ReadTarget, rest: LostRest): number | undefined
  /** The last end of a transaction before a place on a way; undefined when that was not read. */
  readonly timeBefore: EndsAround['lastBefore']
}

/**
 * Reads backups and archive, and what an index knows. Segments that were not read yet, or have changed since, have the dates
 * of their files only; so have all where no index can be opened.
 *
 * @throws {EngineError} `catalog.not-found`, `instance.not-found`, `storage.*`
 */
export async function gatherRecovery(
  { walIndexes }: Pick<EngineContext, 'walIndexes'>,
  ref: InstanceRef,
  call: { readonly signal: AbortSignal },
): Promise<GatheredRecovery> {
  const { backups, config } = await readInventory(ref.catalog, ref.instance, call)
  const segmentBytes = configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES
  const archive = await readWalArchive(ref.catalog, ref.instance, segmentBytes, call)
  const { index, rows } = openIndex(walIndexes, ref)
  const partials =
    index === undefined ? [] : await readPartialReaches(archive, index.archive, partialsRead, call.signal)
  if (index === undefined || rows.length === 0) {
    return {
      model: recoveryModel({ backups, archive, times: partials, defects: [], partials }),
      timeBefore: () => undefined,
      locate: () => undefined,
      countLost: () => undefined,
    }
  }
  const { pending, gone } = coverageOf(await walIndexes.list(ref, call), rows)
  const stale = new Set([...pending, ...gone].map(keyOf))
  const facts = recoveryFacts(rows.filter((row) => !stale.has(keyOf(row))).map(withLatestTime), segmentBytes)
  const times = [...facts.times, ...partials]
  const ends = endsAround(index.reader, segmentBytes, (row) => !stale.has(keyOf(row)))
  const switches = ends.atSwitches(timelineTree({ backups, archive }))
  return {
    model: recoveryModel({ backups, archive, ...facts, times, partials, switches }),
    timeBefore: ends.lastBefore,
    locate: (target) => {
      const found = locateIn(index, target)
      return found.length > 0 || pending.length === 0 ? found : undefined
    },
    countLost: (target, rest) =>
      pending.length === 0 ? countLostCommits(index.reader, target, rest) : undefined,
  }
}

/**
 * How fast the last restores of the instance wrote, and the last drills replayed; undefined when this engine knows of
 * none.
 */
export function restoreRates(
  { jobs, book }: Pick<EngineContext, 'jobs' | 'book'>,
  ref: InstanceRef,
): RestoreRates | undefined {
  const written = jobs.list(JOBS_LOOKED_AT).flatMap((job) => {
    if (job.catalog !== ref.catalog || job.instance !== ref.instance) return []
    const seconds = (job.phases.find(({ phase }) => phase === 'restore')?.elapsedMs ?? 0) / 1000
    const bytes = writtenBytesOf(job.result)
    return seconds > 0 && bytes > 0 ? [bytes / seconds] : []
  })
  const replayed = book
    .list(ref, undefined, JOBS_LOOKED_AT)
    .flatMap(({ steps }) => steps.filter(({ step }) => step === 'replay'))
    .flatMap(({ durationMs, bytes = 0 }) =>
      durationMs > 0 && bytes >= LEAST_REPLAYED_BYTES ? [(bytes * 1000) / durationMs] : [],
    )
  const rates = { write: rangeOf(written), replay: rangeOf(replayed) }
  return rates.write === undefined && rates.replay === undefined ? undefined : rates
}

function writtenBytesOf(result: JobResult | undefined): number {
  if (result?.kind === 'restore') return result.writtenBytes
  if (result?.kind !== 'drill') return 0
  return result.drill.steps.find(({ step }) => step === 'restore')?.bytes ?? 0
}

/** Of the newest ones. */
function rangeOf(rates: readonly number[]): Range | undefined {
  const newest = rates.slice(0, RESTORES_MEASURED)
  return newest.length === 0 ? undefined : { low: Math.min(...newest), high: Math.max(...newest) }
}

/**
 * A catalog that does not say whose WAL it has cannot have an index, nor can a full disk, or one that may only be read; its
 * window is drawn all the same. `wal.index-status` names the failure.
 */
function openIndex(
  walIndexes: EngineContext['walIndexes'],
  ref: InstanceRef,
): { readonly index: OpenedWalIndex | undefined; readonly rows: readonly SegmentRow[] } {
  try {
    const index = walIndexes.open(ref)
    return { index, rows: index.store.segments() }
  } catch (thrown) {
    const isOfIndex =
      thrown instanceof EngineError &&
      (thrown.code === 'format.damaged' || thrown.code.startsWith('storage.'))
    if (!isOfIndex) throw thrown
    return { index: undefined, rows: [] }
  }
}

/** Times of commits are not quite in the order of the WAL. */
function withLatestTime(row: SegmentRow): SegmentRow {
  const { last, maxTime } = row
  return last === undefined || maxTime === undefined || maxTime <= last.time
    ? row
    : { ...row, last: { ...last, time: maxTime } }
}

function locateIn({ reader }: OpenedWalIndex, target: ReadTarget): readonly LocatedRecord[] {
  switch (target.kind) {
    case 'xid':
      return locateTransaction(reader, target.xid)
    case 'name':
      return locateRestorePoint(reader, target.name)
    case 'time':
    case 'lsn':
    case 'immediate':
    case 'latest':
      return []
  }
}
