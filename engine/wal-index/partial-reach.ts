import { createReadStream } from 'node:fs'
import path from 'node:path'
import { constants, createGunzip } from 'node:zlib'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { walSegmentStart } from '../base/wal-segment.ts'
import type { PartialReach } from '../catalog/recovery-input.ts'
import type { ArchivedFile, WalArchive } from '../catalog/wal-archive.ts'
import { WAL_PAGE_BYTES } from '../format/wal-page.ts'
import { kernel } from '../kernel/kernel.ts'
import { openWalScan, WAL_SCAN, type WalScan } from '../kernel/wal-scan.ts'
import { unixMicros } from './recovery-facts.ts'
import { OpenTransactions } from './open-transactions.ts'
import { SegmentCollector, type TimedEnd } from './segment-facts.ts'
import type { IndexedArchive } from './store.ts'

/** What was read of files that are as they were. */
export type PartialReaches = Map<string, PartialReach>

/** So many are remembered: one for each timeline of some archives. */
const MOST_REMEMBERED = 100
const CHUNK_BYTES = 256 << 10

/** Not those of the index: an update of that has them for minutes, and a window waits for this. */
let reserved: { readonly scan: WalScan; readonly chunk: Uint8Array } | undefined
let reading: Promise<unknown> = Promise.resolve()

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
    let furthest: PartialReach | undefined
    for (const file of lastPartials(files)) {
      const from = path.join(archive.directory, file.name)
      const key = `${from}\n${file.sizeBytes}\n${file.modifiedMs}\n${systemIdentifier}`
      const reach =
        known.get(key) ??
        (await readPartial(archive, systemIdentifier, timeline, file, from, signal).catch(leaveOut))
      signal.throwIfAborted()
      if (reach === undefined) continue
      if (known.size >= MOST_REMEMBERED) known.clear()
      known.set(key, reach)
      if (furthest === undefined || reach.soundTo > furthest.soundTo) furthest = reach
    }
    if (furthest !== undefined) reaches.push(furthest)
  }
  return reaches
}

/** Something is wrong with the file; anything else is wrong with us. */
function leaveOut(thrown: unknown): undefined {
  if (!(thrown instanceof Error && 'code' in thrown)) throw thrown
}

/**
 * Only behind all whole segments: anywhere else it is a hole with something in it. Plain and packed, where two programs
 * have left one of each; who fetches takes the one that goes further.
 */
function lastPartials(files: readonly ArchivedFile[]): readonly ArchivedFile[] {
  const last = files.findLast(({ kind }) => kind === 'segment' || kind === 'partial')
  if (last?.kind !== 'partial') return []
  // A whole one of that number comes before it by name.
  const own = files.filter(({ number }) => number === last.number)
  return own.some(({ kind }) => kind === 'segment') ? [] : own.filter(({ kind }) => kind === 'partial')
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
  const open = new OpenTransactions([])
  const collector = new SegmentCollector({ open, number, segmentBytes, skipBefore: start })
  const mine = reading.then(async () => {
    signal.throwIfAborted()
    reserved ??= {
      scan: openWalScan(kernel.reserve(WAL_SCAN.end)),
      chunk: kernel.reserve(CHUNK_BYTES),
    }
    const { scan, chunk } = reserved
    scan.begin({ systemIdentifier, segmentBytes, timeline, lsn: start, from: 'first' })
    let done = 0
    for await (const pages of pagesOf(from, isCompressed, chunk, signal)) {
      for (let offset = 0; offset < pages.length;) {
        if (done >= segmentBytes) return scan.resumeLsn
        const scanned = kernel.scanWal(scan.area, pages.subarray(offset)) * WAL_PAGE_BYTES
        offset += scanned
        done += scanned
        scan.drain(collector.onCounter, collector.onRecord)
        if (scan.status === 'switched') return lsnFromBigint(start + BigInt(segmentBytes))
        if (scan.status !== 'more' && scan.status !== 'full') return scan.problemLsn
      }
    }
    return scan.resumeLsn
  })
  reading = mine.catch(() => undefined)
  const soundTo = await mine
  const { first, last } = collector.facts()
  return { timeline, number, soundTo, first: timedLsn(first), last: timedLsn(last) }
}

/**
 * The pages of a file, the last one filled up with zeros, each time in `buffer`. What is packed may be cut off, or
 * damaged further on: that is where the pages end.
 */
async function* pagesOf(
  from: string,
  isCompressed: boolean,
  buffer: Uint8Array,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const file = createReadStream(from, { highWaterMark: CHUNK_BYTES, signal })
  const gunzip = isCompressed ? createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }) : undefined
  file.on('error', (failed) => gunzip?.destroy(failed))
  const pieces: AsyncIterable<Buffer> = gunzip === undefined ? file : file.pipe(gunzip)
  let filled = 0
  try {
    for await (const piece of pieces) {
      for (let taken = 0; taken < piece.length;) {
        const part = piece.subarray(taken, taken + CHUNK_BYTES - filled)
        buffer.set(part, filled)
        taken += part.length
        filled += part.length
        if (filled < CHUNK_BYTES) continue
        yield buffer
        filled = 0
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_'))) throw thrown
  } finally {
    file.destroy()
    gunzip?.destroy()
  }
  const end = Math.ceil(filled / WAL_PAGE_BYTES) * WAL_PAGE_BYTES
  yield buffer.fill(0, filled, end).subarray(0, end)
}

function timedLsn(end: TimedEnd | undefined): { readonly lsn: Lsn; readonly micros: bigint } | undefined {
  return end && { lsn: end.lsn, micros: unixMicros(end.time) }
}
