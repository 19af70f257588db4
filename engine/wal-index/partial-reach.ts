import path from 'node:path'
import type { Lsn } from '../base/lsn.ts'
import { walSegmentStart } from '../base/wal-segment.ts'
import type { PartialReach } from '../catalog/recovery-input.ts'
import type { ArchivedFile, WalArchive } from '../catalog/wal-archive.ts'
import { readSegment, withScan } from './read-segment.ts'
import { unixMicros } from './recovery-facts.ts'
import { OpenTransactions } from './open-transactions.ts'
import { SegmentCollector, type TimedEnd } from './segment-facts.ts'
import type { IndexedArchive } from './store.ts'

/** What was read of files that are as they were. */
export type PartialReaches = Map<string, PartialReach>

/** So many are remembered: one for each timeline of some archives. */
const MOST_REMEMBERED = 100

/**
 * How far the last segment of each timeline goes that is there only as a partial one: nobody can see that from outside,
 * and the file changes all the time while it is received, so it is read here and not by way of the index. What was read
 * is remembered in `known`. A file that cannot be read, or has got its name meanwhile, is left out.
 *
 * @throws what aborted `signal`
 */
export async function readPartialReaches(
  archive: WalArchive,
  { systemIdentifier }: Pick<IndexedArchive, 'systemIdentifier'>,
  known: PartialReaches,
  signal: AbortSignal,
): Promise<readonly PartialReach[]> {
  const reaches: PartialReach[] = []
  for (const { timeline, files } of archive.timelines) {
    const file = lastPartial(files)
    if (file === undefined) continue
    const from = path.join(archive.directory, file.name)
    const key = `${from}\n${file.sizeBytes}\n${file.modifiedMs}\n${systemIdentifier}`
    const reach =
      known.get(key) ??
      (await readPartial(archive, systemIdentifier, timeline, file, from, signal).catch(() => undefined))
    signal.throwIfAborted()
    if (reach === undefined) continue
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(key, reach)
    reaches.push(reach)
  }
  return reaches
}

/** Only behind all whole segments: anywhere else it is a hole with something in it. */
function lastPartial(files: readonly ArchivedFile[]): ArchivedFile | undefined {
  const last = files.findLast(({ kind }) => kind === 'segment' || kind === 'partial')
  if (last?.kind !== 'partial') return undefined
  // A whole one of that number comes before it by name.
  const own = files.filter(({ number }) => number === last.number)
  return own.some(({ kind }) => kind === 'segment')
    ? undefined
    : (own.find(({ kind, isCompressed }) => kind === 'partial' && !isCompressed) ?? last)
}

async function readPartial(
  { segmentBytes }: WalArchive,
  systemIdentifier: bigint,
  timeline: number,
  { number, isCompressed }: ArchivedFile,
  from: string,
  signal: AbortSignal,
): Promise<PartialReach> {
  const start = walSegmentStart(number, segmentBytes)
  const collector = new SegmentCollector({
    open: new OpenTransactions([]),
    number,
    segmentBytes,
    skipBefore: start,
  })
  const end = await withScan(signal, async (scan) => {
    scan.begin({ systemIdentifier, segmentBytes, timeline, lsn: start, from: 'first' })
    return await readSegment(scan, {
      file: { path: from, isCompressed },
      segmentStart: start,
      offset: 0,
      segmentBytes,
      timeline,
      signal,
      onCounter: collector.onCounter,
      onRecord: collector.onRecord,
    })
  })
  const { first, last } = collector.facts()
  return {
    timeline,
    number,
    soundTo: end.lsn,
    first: timedLsn(first),
    last: timedLsn(last),
  }
}

function timedLsn(end: TimedEnd | undefined): { readonly lsn: Lsn; readonly micros: bigint } | undefined {
  return end && { lsn: end.lsn, micros: unixMicros(end.time) }
}
