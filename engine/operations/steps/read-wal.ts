import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, gunzip } from 'node:zlib'
import { describeError } from '../../base/engine-error.ts'
import type { Lsn } from '../../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber, walSegmentStart } from '../../base/wal-segment.ts'
import { endsBefore } from '../../format/partial-segment.ts'
import { WalCursor, type WalCursorOptions, type WalProblem } from '../../format/wal-cursor.ts'
import { WAL_PAGE_BYTES } from '../../format/wal-page.ts'
import type { WalRecord } from '../../format/wal-record.ts'
import { mapFileError } from '../../host/file-error.ts'
import { openRegular } from '../../host/regular-file.ts'

/** After so many records others get their turn, some 10 ms: a segment may have a gigabyte. */
const RECORDS_PER_TURN = 5_000
/** Records are longer only where they carry many pages, which those at the end of a backup do not. */
const USUAL_RECORD_BYTES = 64 << 10

/**
 * A directory with WAL: `plain` as a server or receiver fills it, `archive` where segments may be compressed, and one that
 * has another size than a segment is none: a server that is recovering ends there, whatever the file holds.
 * Source: PostgreSQL `src/backend/access/transam/xlogarchive.c`, `RestoreArchivedFile`.
 */
export type WalPlace = { readonly directory: string; readonly kind: 'plain' | 'archive' }

/** Whose WAL it is. */
export type WalIdentity = {
  readonly timeline: Timeline
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
}

/** Where WAL is read from. */
export type WalSource = WalIdentity & {
  /** A segment is taken from the first place that has it. */
  readonly places: readonly WalPlace[]
  /**
   * Timelines that branched off later, oldest first, and where. The segment in which one begins also has what its
   * ancestor wrote before that, and is taken first, as recovery does: the ancestor's own may never have been archived, or
   * only in part. Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `XLogFileReadAnyTLI`.
   */
  readonly heirs?: readonly { readonly timeline: Timeline; readonly start: Lsn }[]
  /** Whose segments of that number are asked for, in that order; then `heirs` do not count. Default: the timeline's own. */
  readonly timelinesOf?: (number: bigint) => readonly Timeline[]
  /**
   * Little is needed after this LSN: of the segment that holds it only what a usual record there takes is read, where
   * it is not compressed. What then looks cut off may only be longer, and is to be read again without the limit.
   */
  readonly nothingAfter?: Lsn
  readonly signal: AbortSignal
}

/**
 * Hands over records until `visit` has enough, which is when it returns false; what ended reading before that is given
 * back. Between two segments, and now and then inside one, others get their turn. At most two segments are in memory,
 * and the records are views into them.
 *
 * @throws {EngineError} `storage.*` when a directory or file cannot be read at all.
 */
export async function readWalRecords(
  source: WalSource,
  { start, from }: Pick<WalCursorOptions, 'start' | 'from'>,
  visit: (record: WalRecord) => boolean,
  onSegment: (name: string, timeline: Timeline) => void = () => undefined,
): Promise<WalProblem | undefined> {
  const { timeline, segmentBytes, systemIdentifier, signal } = source
  const cursor = new WalCursor({ start, from, timeline, segmentBytes, systemIdentifier })
  for (let recordCount = 0; ;) {
    const step = cursor.next()
    if (step.kind === 'end') return step.problem
    if (step.kind === 'record') {
      if (!visit(step.record)) return undefined
      if (++recordCount % RECORDS_PER_TURN === 0) await setImmediate(undefined, { signal })
      continue
    }
    signal.throwIfAborted()
    const mostBytes = neededBytes(source, step.number)
    let loaded = MISSING
    for (const owner of ownersOf(source, step.number)) {
      const name = walSegmentName({ timeline: owner, number: step.number }, segmentBytes)
      loaded = await loadSegment(source, name, mostBytes)
      if (loaded.kind === 'missing') continue
      onSegment(name, owner)
      break
    }
    if (loaded.kind === 'bytes') cursor.feed(step.number, loaded.bytes)
    else cursor.feedNothing(step.number, loaded.kind, loaded.why)
  }
}

function ownersOf(source: WalSource, number: bigint): readonly Timeline[] {
  if (source.timelinesOf !== undefined) return source.timelinesOf(number)
  const heirs = (source.heirs ?? []).filter(
    ({ start }) => walSegmentNumber(start, source.segmentBytes) === number,
  )
  return [source.timeline, ...heirs.map(({ timeline }) => timeline)].toReversed()
}

function neededBytes({ nothingAfter, segmentBytes }: WalSource, number: bigint): number {
  if (nothingAfter === undefined || walSegmentNumber(nothingAfter, segmentBytes) !== number)
    return segmentBytes
  const end = Number(nothingAfter - walSegmentStart(number, segmentBytes)) + USUAL_RECORD_BYTES
  return Math.min(segmentBytes, Math.ceil(end / WAL_PAGE_BYTES) * WAL_PAGE_BYTES)
}

type Loaded =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'missing' | 'unreadable' | 'truncated'; readonly why: string }

/** A file, or its beginning. `fileBytes` is the size of all of it. */
type Read = { readonly bytes: Uint8Array; readonly fileBytes: number }

/** A partial segment may have got its name since that was looked for: whole ones are looked for twice. */
const ARCHIVED_FORMS = ['', '.gz', '.partial', '.gz.partial', '', '.gz']

/**
 * A whole segment goes before a partial one, which is what was there when its timeline ended. A partial one whose receiver
 * ended does not count where a later place goes further.
 */
async function loadSegment(source: WalSource, name: string, mostBytes: number): Promise<Loaded> {
  let partial: Loaded | undefined
  for (const place of source.places) {
    const { isPartial, loaded } = await loadFrom(place, source, name, mostBytes)
    if (loaded.kind === 'missing') continue
    if (partial?.kind === 'bytes')
      return loaded.kind === 'bytes' && endsBefore(partial.bytes, loaded.bytes) ? loaded : partial
    if (!isPartial) return loaded
    partial = loaded
  }
  return partial ?? MISSING
}

const MISSING: Loaded = { kind: 'missing', why: 'the segment is missing' }

async function loadFrom(
  { directory, kind }: WalPlace,
  { segmentBytes, signal }: WalSource,
  name: string,
  mostBytes: number,
): Promise<{ readonly isPartial: boolean; readonly loaded: Loaded }> {
  for (const suffix of kind === 'archive' ? ARCHIVED_FORMS : ['', '.partial']) {
    const isPartial = suffix.endsWith('.partial')
    const file = path.join(directory, name + suffix)
    const isPacked = suffix.startsWith('.gz')
    if (suffix === '.partial' && kind === 'archive') {
      const longer = await packedIfLonger(
        file,
        `${path.join(directory, name)}.gz.partial`,
        segmentBytes,
        signal,
      )
      if (longer !== undefined) return { isPartial, loaded: longer }
    }
    const isWhole = isPacked || mostBytes === segmentBytes
    const read = await readIfPresent(file, isWhole ? undefined : mostBytes, signal)
    if (read === undefined) continue
    if (isPacked) return { isPartial, loaded: await unpack(read.bytes, segmentBytes, isPartial) }
    if (isPartial && read.bytes.length < mostBytes)
      return { isPartial, loaded: filledUp(read.bytes, segmentBytes) }
    const loaded: Loaded =
      kind === 'archive' && read.fileBytes !== segmentBytes
        ? wrongSize(read.fileBytes, segmentBytes)
        : { kind: 'bytes', bytes: read.bytes }
    return { isPartial, loaded }
  }
  return { isPartial: false, loaded: MISSING }
}

/** The packed partial segment where it goes further than the plain one, as two programs leave them; else undefined. */
async function packedIfLonger(
  plain: string,
  packed: string,
  segmentBytes: number,
  signal: AbortSignal,
): Promise<Loaded | undefined> {
  const stored = await readIfPresent(packed, undefined, signal)
  const held = stored === undefined ? undefined : await readIfPresent(plain, undefined, signal)
  if (stored === undefined || held === undefined) return undefined
  const loaded = await unpack(stored.bytes, segmentBytes, true)
  return loaded.kind === 'bytes' && endsBefore(held.bytes, loaded.bytes) ? loaded : undefined
}

function wrongSize(bytes: number, segmentBytes: number): Loaded {
  return { kind: 'truncated', why: `the file of the segment has ${bytes} bytes instead of ${segmentBytes}` }
}

/** The file, or its beginning when `mostBytes` is given. What is no file is no segment either. */
async function readIfPresent(
  file: string,
  mostBytes: number | undefined,
  signal: AbortSignal,
): Promise<Read | undefined> {
  try {
    await using handle = await openRegular(file)
    if (handle === undefined) return undefined
    if (mostBytes === undefined) {
      const bytes = await handle.readFile({ signal })
      return { bytes, fileBytes: bytes.length }
    }
    const { size: fileBytes } = await handle.stat()
    const bytes = new Uint8Array(mostBytes)
    let filled = 0
    while (filled < mostBytes) {
      const { bytesRead } = await handle.read(bytes, filled, mostBytes - filled, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return { bytes: bytes.subarray(0, filled), fileBytes }
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw signal.aborted ? thrown : mapFileError(thrown, file, 'read')
  }
}

/** What is partial is filled up, and need not be in one piece: so do those who give it to a server. */
async function unpack(bytes: Uint8Array, segmentBytes: number, isPartial: boolean): Promise<Loaded> {
  try {
    const finishFlush = isPartial ? constants.Z_SYNC_FLUSH : constants.Z_FINISH
    const unpacked = await promisify(gunzip)(bytes, { maxOutputLength: segmentBytes, finishFlush })
    if (isPartial) return filledUp(unpacked, segmentBytes)
    return unpacked.length === segmentBytes
      ? { kind: 'bytes', bytes: unpacked }
      : wrongSize(unpacked.length, segmentBytes)
  } catch (thrown) {
    return { kind: 'unreadable', why: `the segment cannot be unpacked: ${describeError(thrown)}` }
  }
}

function filledUp(bytes: Uint8Array, segmentBytes: number): Loaded {
  const filled = new Uint8Array(segmentBytes)
  filled.set(bytes)
  return { kind: 'bytes', bytes: filled }
}
