import { EngineError } from './engine-error.ts'
import { type Lsn, lsnFromBigint } from './lsn.ts'

/** The timeline number of a cluster, from 1. */
export type Timeline = number

/** A WAL segment by its place: segment number = LSN div segment size. */
export type WalSegment = { readonly timeline: Timeline; readonly number: bigint }

const NAME = /^(?<timeline>[0-9A-F]{8})(?<high>[0-9A-F]{8})(?<low>[0-9A-F]{8})$/

/**
 * The file name of a segment, 24 hex digits.
 * Source: PostgreSQL `src/include/access/xlog_internal.h`, `XLogFileName`.
 */
export function walSegmentName({ timeline, number }: WalSegment, segmentBytes: number): string {
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes)
  const hex = (value: bigint): string => value.toString(16).toUpperCase().padStart(8, '0')
  return hex(BigInt(timeline)) + hex(number / perHigh) + hex(number % perHigh)
}

/** The segment that a 24-digit file name stands for, or undefined when it is no such name. */
export function findWalSegment(name: string, segmentBytes: number): WalSegment | undefined {
  const parts = NAME.exec(name)?.groups
  if (parts === undefined) return undefined
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes)
  const low = BigInt(`0x${parts['low']}`)
  if (low >= perHigh) return undefined
  return {
    timeline: Number.parseInt(parts['timeline'] ?? '', 16),
    number: BigInt(`0x${parts['high']}`) * perHigh + low,
  }
}

/** The number of the segment that holds the byte at `lsn`. */
export function walSegmentNumber(lsn: Lsn, segmentBytes: number): bigint {
  return lsn / BigInt(segmentBytes)
}

/** Where a segment starts. */
export function walSegmentStart(number: bigint, segmentBytes: number): Lsn {
  return lsnFromBigint(number * BigInt(segmentBytes))
}

/**
 * A segment size as PostgreSQL allows it: a power of two from 1 MiB to 1 GiB.
 *
 * @throws {EngineError} `value.malformed`
 */
export function requireWalSegmentBytes(bytes: number): number {
  if (!Number.isInteger(bytes) || bytes < 1 << 20 || bytes > 1 << 30 || (bytes & (bytes - 1)) !== 0) {
    throw new EngineError('value.malformed', `${bytes} is not a WAL segment size`)
  }
  return bytes
}
