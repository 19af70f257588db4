import path from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { SEGMENT_HEAD_BYTES } from '../format/segment-head.ts'
import { decodeWalPageHeader } from '../format/wal-page.ts'
import { openRegular } from '../host/regular-file.ts'
import type { ArchivedFile, WalArchive } from './wal-archive.ts'

/** So many files are opened, of the newest timelines. */
const MOST_SAMPLES = 16
/** More than the first page header needs in gzip form; unpacked at most 4 MiB. */
const SAMPLE_BYTES = 4096

/**
 * The sizes of segments, in bytes, that segments of the archive name in their first page: of each timeline the first and the last
 * one. What cannot be read or is of another cluster says nothing. In gzip form no size of a file tells that.
 * Source: PostgreSQL `src/include/access/xlog_internal.h`, `XLogLongPageHeaderData`.
 */
export async function sampleSizes(
  { directory, timelines }: Pick<WalArchive, 'directory' | 'timelines'>,
  systemIdentifier: bigint | undefined,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const sizes = new Set<number>()
  const samples = timelines
    .toReversed()
    .flatMap(({ files }) => {
      const segments = files.filter(({ kind }) => kind === 'segment')
      return [...new Set([...segments.slice(0, 1), ...segments.slice(-1)])]
    })
    .slice(0, MOST_SAMPLES)
  for (const sample of samples) {
    signal.throwIfAborted()
    const header = await readHeader(path.join(directory, sample.name), sample)
    if (header === undefined) continue
    if (systemIdentifier === undefined || header.systemIdentifier === systemIdentifier)
      sizes.add(header.segmentBytes)
  }
  return sizes
}

async function readHeader(file: string, { isCompressed }: Pick<ArchivedFile, 'isCompressed'>) {
  try {
    await using handle = await openRegular(file)
    if (handle === undefined) return undefined
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, 0)
    const stored = buffer.subarray(0, bytesRead)
    const head = isCompressed ? gunzipSync(stored, { finishFlush: constants.Z_SYNC_FLUSH }) : stored
    if (head.length < SEGMENT_HEAD_BYTES) return undefined
    const { serverMajor, segment } = decodeWalPageHeader(
      new DataView(head.buffer, head.byteOffset, head.length),
      0,
    )
    return serverMajor === undefined ? undefined : segment
  } catch {
    return undefined
  }
}
