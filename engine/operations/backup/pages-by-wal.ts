import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn } from '../../base/lsn.ts'
import { type Timeline, walSegmentNumber } from '../../base/wal-segment.ts'
import type { ChangedPages } from '../../format/page-map.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import {
  blockReferences,
  fileChange,
  MAIN_FORK,
  modifiesRelationUnknowably,
  startsMinimalWal,
} from '../../format/wal-blocks.ts'
import type { WalProblem } from '../../format/wal-cursor.ts'
import { isRecordPlace, recordStartAt } from '../../format/wal-page.ts'
import type { WalRecord } from '../../format/wal-record.ts'
import { readWalRecords, type WalPlace } from '../steps/read-wal.ts'
import { ChangedFiles, type ListedFile } from './changed-files.ts'

/** A piece of the way from one backup to the next: the records that start in it, on one timeline. */
export type WalInterval = {
  readonly timeline: Timeline
  readonly start: Lsn
  /** The first byte that is of the next interval; in the last one, where its last record starts. */
  readonly stop: Lsn
}

type Place = { readonly timeline: Timeline; readonly startLsn: Lsn }

const INSTEAD = 'Take a DELTA backup instead, which reads every page, or a FULL one.'

/**
 * The way from the start of a parent backup to that of its child, along the history of the child's timeline.
 * Source: `catalog-format.md` section 8.
 *
 * @throws {EngineError} `plan.refused` when the parent does not lie on that way.
 */
export function intervalsBetween(
  history: TimelineHistory,
  parent: Place,
  current: Place,
): readonly WalInterval[] {
  const index = history.findIndex(({ timeline }) => timeline === parent.timeline)
  const isSame = parent.timeline === current.timeline
  const ancestors = isSame || index === -1 ? [] : history.slice(index)
  // A later timeline may leave before the point where this one was left: what lies between is of another history.
  const stops = ancestors.map(({ switchLsn }, at) =>
    ancestors
      .slice(at)
      .reduce((least, later) => (later.switchLsn < least ? later.switchLsn : least), switchLsn),
  )
  const starts = [parent.startLsn, ...ancestors.map(({ switchLsn }) => switchLsn)]
  const last = { timeline: current.timeline, start: starts.at(-1) ?? parent.startLsn, stop: current.startLsn }
  const isLeftBehind = stops[0] !== undefined && parent.startLsn >= stops[0]
  if ((!isSame && index === -1) || isLeftBehind || last.start > last.stop) {
    throw new EngineError(
      'plan.refused',
      `timeline ${current.timeline} at ${formatLsn(current.startLsn)} does not come from timeline ${parent.timeline} at ${formatLsn(parent.startLsn)}`,
      { hint: 'The cluster was set back since the parent backup: take a FULL backup.' },
    )
  }
  const earlier = ancestors.map(({ timeline }, at) => ({
    timeline,
    start: starts[at] ?? parent.startLsn,
    stop: stops[at] ?? parent.startLsn,
  }))
  return [...earlier.filter(({ start, stop }) => start < stop), last]
}

/**
 * The pages that have changed on the way from one backup to the next, from archived WAL. In the last interval the record
 * at its stop counts too if it is there: recovery begins with it. At most two segments are in memory, and others get
 * their turn; `report` hears of WAL read and to be read, in bytes, after each segment.
 *
 * @throws {EngineError} `wal.missing` or `wal.damaged` naming the segment; `plan.refused` when the server wrote less WAL
 *   than a map can be made from.
 */
export async function readChangedPages(input: {
  readonly places: readonly WalPlace[]
  /** In order, as {@link intervalsBetween} gives them. */
  readonly intervals: readonly WalInterval[]
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
  /** What the server calls its directory in a tablespace. */
  readonly versionDirectory: string
  /** What the cluster has now: files that were made anew or cut off since count as changed from there to their end. */
  readonly sources: readonly ListedFile[]
  readonly signal: AbortSignal
  readonly report?: (doneBytes: number, totalBytes: number) => void
}): Promise<ChangedPages> {
  const { places, intervals, segmentBytes, systemIdentifier, signal } = input
  const totalBytes =
    intervals.reduce((sum, interval) => sum + segmentCount(interval, segmentBytes), 0) * segmentBytes
  const changes = new ChangedFiles(input.versionDirectory)
  let doneBytes = 0
  for (const [index, { timeline, start, stop }] of intervals.entries()) {
    const heirs = intervals.slice(index + 1)
    const isBehind = (lsn: Lsn): boolean => (heirs.length === 0 ? lsn > stop : lsn >= stop)
    const problem = await readWalRecords(
      { timeline, segmentBytes, systemIdentifier, places, heirs, signal },
      { start, from: isRecordPlace(start, segmentBytes) ? 'record' : 'at-or-after' },
      (record) => {
        if (isBehind(record.lsn)) return false
        addRecord(changes, record)
        return !isBehind(recordStartAt(record.endLsn, segmentBytes))
      },
      () => input.report?.((doneBytes += segmentBytes), totalBytes),
    )
    if (problem !== undefined && recordStartAt(problem.lsn, segmentBytes) < stop) throw unreadable(problem)
  }
  return changes.inFiles(input.sources)
}

/** Takes over what one record says. */
function addRecord(changes: ChangedFiles, record: WalRecord): void {
  const references = blockReferences(record)
  if (references === undefined || modifiesRelationUnknowably(record)) {
    throw new EngineError(
      'wal.damaged',
      `the WAL record at ${formatLsn(record.lsn)} (resource manager ${record.rmgr}) changes pages in a way that is not known`,
      { hint: INSTEAD },
    )
  }
  if (startsMinimalWal(record)) {
    throw new EngineError(
      'plan.refused',
      `the server ran with wal_level = minimal from ${formatLsn(record.lsn)} on, and WAL does not have all changes`,
      { hint: INSTEAD },
    )
  }
  for (const reference of references) if (reference.fork === MAIN_FORK) changes.addBlock(reference)
  const change = fileChange(record)
  if (change?.kind === 'cut') changes.addCut(change)
  else if (change?.kind === 'copied') changes.addCopiedDatabase(change)
}

function segmentCount({ start, stop }: WalInterval, segmentBytes: number): number {
  return Number(walSegmentNumber(stop, segmentBytes) - walSegmentNumber(start, segmentBytes)) + 1
}

function unreadable({ what, lsn, segment, message }: WalProblem): EngineError {
  const facts = { segment, lsn: formatLsn(lsn) }
  return what === 'missing'
    ? new EngineError('wal.missing', `the changed pages cannot be found: ${message}`, {
        hint: `Put the segment into the archive. ${INSTEAD}`,
        facts,
      })
    : new EngineError('wal.damaged', `the changed pages cannot be found: ${message}`, {
        hint: INSTEAD,
        facts,
      })
}
