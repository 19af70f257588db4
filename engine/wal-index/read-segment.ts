import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream'
import { describeError } from '../base/engine-error.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { WalProblemKind } from '../format/wal-cursor.ts'
import { WAL_PAGE_BYTES } from '../format/wal-page.ts'
import { mapFileError } from '../host/file-error.ts'
import { kernel } from '../kernel/kernel.ts'
import {
  type GivenRecord,
  type OnPlainEnd,
  openWalScan,
  WAL_SCAN,
  type WalCounter,
  type WalScan,
} from '../kernel/wal-scan.ts'

/** What is read at once: it stays in the processor's cache while it is gone over. */
const CHUNK_BYTES = 256 << 10

/** The one scan of this thread. {@link withScan} hands it out. */
const scan = openWalScan(kernel.reserve(WAL_SCAN.end))
const chunks = [kernel.reserve(CHUNK_BYTES), kernel.reserve(CHUNK_BYTES)] as const
let last: Promise<unknown> = Promise.resolve()

/** Lends the scan of this thread to one after the other. Waiting ends when `signal` fires. */
export async function withScan<Result>(
  signal: AbortSignal,
  use: (scan: WalScan) => Promise<Result>,
): Promise<Result> {
  const mine = last.then(async () => {
    signal.throwIfAborted()
    return await use(scan)
  })
  last = mine.catch(() => undefined)
  return await mine
}

/** A file with the WAL of a segment. */
export type WalFile = { readonly path: string; readonly isCompressed: boolean }

/** How reading a segment ended: `end` with its last page or a switch. `lsn`: where the record starts that cannot be read. */
export type ReadEnd =
  | { readonly kind: 'end'; readonly lsn: Lsn }
  | {
      readonly kind: Exclude<WalProblemKind, 'missing'>
      readonly lsn: Lsn
      readonly message: string
    }

export type ReadOptions = {
  readonly file: WalFile
  /** The first byte of the segment, and where in it to begin: at the start of a page. */
  readonly segmentStart: Lsn
  readonly offset: number
  readonly segmentBytes: number
  readonly timeline: number
  readonly signal: AbortSignal
  readonly onCounter: (counter: WalCounter) => void
  readonly onRecord: (record: GivenRecord) => void
  /** Told of most ends of transactions instead of `onRecord`. */
  readonly onPlainEnd?: OnPlainEnd
  /** Told after each piece how many bytes of WAL it had. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Goes over one file with the scan, which stands where the file before ended, or was begun anew. Reading and unpacking go
 * on while the piece before is gone over; others get their turn after each. What is wrong with the WAL is told, not thrown.
 *
 * @throws {EngineError} `storage.*` when the file cannot be read
 */
export async function readSegment(at: WalScan, options: ReadOptions): Promise<ReadEnd> {
  const { file, segmentStart, offset, segmentBytes, timeline, signal } = options
  at.enterSegment(lsnFromBigint(segmentStart + BigInt(offset)), timeline)
  await using source = file.isCompressed ? unpacked(file.path, signal) : await plain(file.path)
  let done = 0
  for (; done < offset;) {
    const skipped = await source.fill(chunks[0].subarray(0, Math.min(CHUNK_BYTES, offset - done)))
    if (skipped === 0) break
    done += skipped
  }
  let turn = 0
  let ahead = source.fill(chunkFor(turn, done, segmentBytes))
  try {
    for (;;) {
      const bytes = await ahead
      signal.throwIfAborted()
      const pages = chunks[turn % 2 === 0 ? 0 : 1].subarray(0, bytes - (bytes % WAL_PAGE_BYTES))
      done += pages.length
      const isLast = done >= segmentBytes || bytes < CHUNK_BYTES
      turn++
      ahead = isLast ? Promise.resolve(0) : source.fill(chunkFor(turn, done, segmentBytes))
      const ended = goOver(at, pages, options)
      options.onBytes?.(pages.length)
      if (ended !== undefined) return ended
      if (!isLast) continue
      const lsn = at.resumeLsn
      if (done === segmentBytes) return { kind: 'end', lsn }
      const message = `has only ${done + (bytes % WAL_PAGE_BYTES)} of ${segmentBytes} bytes`
      return { kind: 'truncated', lsn, message }
    }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    if (!(thrown instanceof UnpackFailure)) throw mapFileError(thrown, file.path, 'read')
    return { kind: 'unreadable', lsn: at.resumeLsn, message: thrown.message }
  } finally {
    // The buffer is another's as soon as this returns.
    await ahead.catch(() => undefined)
  }
}

function chunkFor(turn: number, done: number, segmentBytes: number): Uint8Array {
  return chunks[turn % 2 === 0 ? 0 : 1].subarray(0, Math.min(CHUNK_BYTES, segmentBytes - done))
}

/** Undefined as long as more is to come. */
function goOver(
  at: WalScan,
  pages: Uint8Array,
  { onCounter, onRecord, onPlainEnd, segmentStart, segmentBytes }: ReadOptions,
): ReadEnd | undefined {
  for (let offset = 0; offset < pages.length;) {
    offset += kernel.scanWal(at.area, pages.subarray(offset)) * WAL_PAGE_BYTES
    const { status } = at
    at.drain(onCounter, onRecord, onPlainEnd)
    if (status === 'switched') return { kind: 'end', lsn: lsnFromBigint(segmentStart + BigInt(segmentBytes)) }
    if (status !== 'more' && status !== 'full')
      return { kind: status, lsn: at.problemLsn, message: PROBLEM_MESSAGES[status] }
  }
  return undefined
}

/** What is wrong with the segment, to be put behind its name. */
const PROBLEM_MESSAGES: Readonly<
  Record<Exclude<WalProblemKind, 'missing' | 'truncated' | 'unreadable'>, string>
> = {
  zeroed: 'has zeros where a record should be',
  'wrong-address': 'has a page of another place: it was used before and not written to its end',
  'crc-mismatch': 'has a record that fails its checksum',
  'bad-magic': 'has a page that is no WAL of a version known here',
  'bad-page': 'has a page header that makes no sense',
  'wrong-system': 'belongs to another cluster',
  'wrong-timeline': 'has a page of another timeline',
  'bad-continuation': 'does not go on with the record that the page before began',
  'bad-record': 'has a record that cannot be one',
}

/** A file as pieces: `fill` fills the buffer unless the end comes first. */
type Source = AsyncDisposable & { fill(target: Uint8Array): Promise<number> }

/** The file is no gzip stream, or damaged. */
class UnpackFailure extends Error {}

async function plain(file: string): Promise<Source> {
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (thrown) {
    throw mapFileError(thrown, file, 'read')
  }
  let position = 0
  return {
    async fill(target) {
      let filled = 0
      while (filled < target.length) {
        const { bytesRead } = await handle.read(target, filled, target.length - filled, position)
        if (bytesRead === 0) break
        filled += bytesRead
        position += bytesRead
      }
      return filled
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

/** What a file unpacks to beyond a segment is never asked for. */
function unpacked(file: string, signal: AbortSignal): Source {
  let fileFailure: unknown
  const raw = createReadStream(file, { highWaterMark: CHUNK_BYTES, signal })
  raw.once('error', (thrown) => (fileFailure = thrown))
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  pipeline(raw, gunzip, () => undefined)
  const pieces = gunzip[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  let piece: Uint8Array = new Uint8Array(0)
  return {
    async fill(target) {
      let filled = 0
      while (filled < target.length) {
        if (piece.length === 0) {
          try {
            const next = await pieces.next()
            if (next.done === true) break
            piece = next.value
          } catch (thrown) {
            if (fileFailure !== undefined) throw fileFailure
            throw new UnpackFailure(`cannot be unpacked: ${describeError(thrown)}`)
          }
        }
        const taken = piece.subarray(0, target.length - filled)
        target.set(taken, filled)
        piece = piece.subarray(taken.length)
        filled += taken.length
      }
      return filled
    },
    async [Symbol.asyncDispose]() {
      gunzip.destroy()
      raw.destroy()
      await Promise.resolve()
    },
  }
}
