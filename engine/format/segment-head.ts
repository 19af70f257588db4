import { formatLsn } from '../base/lsn.ts'
import { type WalSegment, walSegmentStart } from '../base/wal-segment.ts'
import { decodeWalPageHeader, WAL_LONG_HEADER_BYTES } from './wal-page.ts'

/** Bytes at the start of a segment that tell where it belongs. */
export const SEGMENT_HEAD_BYTES = WAL_LONG_HEADER_BYTES

/** What speaks against a file being a certain segment. */
export type SegmentFault = {
  readonly what: 'no-segment' | 'other-cluster' | 'other-place'
  /** One fact about the file, to go behind its name. */
  readonly message: string
}

/**
 * Holds the first page header of a file against the segment that it is to be; undefined when nothing speaks against
 * it. The page may carry an older timeline: where one branches off, it begins with a copy of what its ancestor wrote.
 * The version of the server is not judged. Source: PostgreSQL `xlogreader.c`, `XLogReaderValidatePageHeader`.
 */
export function findSegmentFault(
  head: Uint8Array,
  expected: {
    readonly segment: WalSegment
    readonly segmentBytes: number
    /** Undefined: it is not known whose WAL it is to be. */
    readonly systemIdentifier: bigint | undefined
  },
): SegmentFault | undefined {
  const { segment, segmentBytes, systemIdentifier } = expected
  if (head.length < SEGMENT_HEAD_BYTES) return { what: 'no-segment', message: `has ${head.length} bytes` }
  const header = decodeWalPageHeader(new DataView(head.buffer, head.byteOffset, head.length), 0)
  if (header.segment === undefined || header.segment.segmentBytes !== segmentBytes)
    return { what: 'no-segment', message: `does not begin like a WAL segment of ${segmentBytes} bytes` }
  if (systemIdentifier !== undefined && header.segment.systemIdentifier !== systemIdentifier) {
    return {
      what: 'other-cluster',
      message: `is of the cluster ${header.segment.systemIdentifier}, not of ${systemIdentifier}`,
    }
  }
  const start = walSegmentStart(segment.number, segmentBytes)
  if (header.address !== start) {
    return {
      what: 'other-place',
      message: `holds the WAL from ${formatLsn(header.address)} on, and its name says ${formatLsn(start)}`,
    }
  }
  if (header.timeline > segment.timeline) {
    return {
      what: 'other-place',
      message: `is of the timeline ${header.timeline}, and its name says ${segment.timeline}`,
    }
  }
  return undefined
}
