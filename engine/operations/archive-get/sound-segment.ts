import { type FileHandle, open } from 'node:fs/promises'
import { lsnFromBigint } from '../../base/lsn.ts'
import { type Timeline, walSegmentStart } from '../../base/wal-segment.ts'
import { WAL_PAGE_BYTES } from '../../format/wal-page.ts'
import type { PageKernel } from '../../kernel/page-kernel.ts'
import { openWalScan, WAL_SCAN, type WalScan } from '../../kernel/wal-scan.ts'

const CHUNK_BYTES = 512 << 10

type Reserved = {
  readonly kernel: PageKernel
  readonly area: Uint8Array<ArrayBuffer>
  readonly chunk: Uint8Array<ArrayBuffer>
}

/** One for the thread: whoever has them lets nobody else run before they are done with a chunk. */
let reserved: Reserved | undefined
let last: Promise<unknown> = Promise.resolve()

/** A segment and the file that it is in, with the file of the one after it. */
export type ScannedSegment = {
  readonly file: string
  readonly nextFile: string
  readonly timeline: Timeline
  readonly number: bigint
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
}

/**
 * What is wrong with a segment, to be put behind its name; undefined when every record that begins in it can be read to
 * its end, which may be in the next one. Both files are plain.
 *
 * @throws what reading throws
 */
export async function findUnsound(segment: ScannedSegment, signal: AbortSignal): Promise<string | undefined> {
  const mine = last.then(async () => await scanSegment(segment, signal))
  last = mine.catch(() => undefined)
  return await mine
}

async function scanSegment(segment: ScannedSegment, signal: AbortSignal): Promise<string | undefined> {
  const { segmentBytes, systemIdentifier, timeline, number } = segment
  reserved ??= await reserve()
  const scan = openWalScan(reserved.area)
  const start = walSegmentStart(number, segmentBytes)
  scan.begin({ systemIdentifier, segmentBytes, timeline, lsn: start, from: 'first' })
  const ended = await scanFile(scan, reserved, segment.file, segmentBytes, () => false, signal)
  if (ended !== 'end') return ended === 'switched' ? undefined : ended
  if (!scan.isInsideRecord) return undefined
  const next = lsnFromBigint(start + BigInt(segmentBytes))
  scan.enterSegment(next, timeline)
  const over = await scanFile(
    scan,
    reserved,
    segment.nextFile,
    segmentBytes,
    () => !scan.isInsideRecord,
    signal,
  )
  // What begins in the next segment is judged with that.
  const isRead = over === 'end' || over === 'switched' ? !scan.isInsideRecord : scan.problemLsn >= next
  return isRead ? undefined : 'ends with a record that does not go on in the next one'
}

/** Most calls scan nothing, and do not wait for the kernel. */
async function reserve(): Promise<Reserved> {
  const { kernel } = await import('../../kernel/kernel.ts')
  return { kernel, area: kernel.reserve(WAL_SCAN.end), chunk: kernel.reserve(CHUNK_BYTES) }
}

/** Goes over a file until it ends, its server switched, something is wrong, or `isEnough` after a page. */
async function scanFile(
  scan: WalScan,
  { kernel, chunk }: Reserved,
  file: string,
  segmentBytes: number,
  isEnough: () => boolean,
  signal: AbortSignal,
): Promise<string> {
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  if (size !== segmentBytes) return `has ${size} bytes instead of ${segmentBytes}`
  for (let position = 0; position < segmentBytes;) {
    signal.throwIfAborted()
    const bytes = await fill(
      handle,
      chunk.subarray(0, Math.min(CHUNK_BYTES, segmentBytes - position)),
      position,
    )
    const pages = chunk.subarray(0, bytes - (bytes % WAL_PAGE_BYTES))
    if (pages.length === 0) return 'was cut off while it was read'
    for (let offset = 0; offset < pages.length;) {
      offset += kernel.scanWal(scan.area, pages.subarray(offset)) * WAL_PAGE_BYTES
      scan.drain(nothing, nothing)
      const { status } = scan
      if (status === 'switched') return 'switched'
      if (status !== 'more' && status !== 'full') return `has a record that cannot be read (${status})`
      if (isEnough()) return 'end'
    }
    position += pages.length
  }
  return 'end'
}

async function fill(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let filled = 0
  while (filled < target.length) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

const nothing = (): void => undefined
