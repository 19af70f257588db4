import type { Branded } from './brand.ts'
import { EngineError } from './engine-error.ts'

/**
 * A position in the write-ahead log: the byte offset since the start of the log, 64 bits unsigned.
 *
 * Plain `<` and `===` order and compare LSNs. Differences are plain `bigint` byte counts.
 * Source: PostgreSQL `src/include/access/xlogdefs.h`, `XLogRecPtr`.
 */
export type Lsn = Branded<bigint, 'Lsn'>

/** The LSN no record has. PostgreSQL calls it `InvalidXLogRecPtr`. */
export const LSN_NONE: Lsn = 0n as Lsn

const LSN_TEXT = /^(?<high>[0-9A-F]{1,8})\/(?<low>[0-9A-F]{1,8})$/i

/**
 * Reads the server's text form, `16/B374D848`.
 *
 * @throws {EngineError} `value.malformed` when the text is not an LSN.
 */
export function parseLsn(text: string): Lsn {
  const parts = LSN_TEXT.exec(text)?.groups
  if (parts === undefined) {
    throw new EngineError('value.malformed', `"${text}" is not an LSN`, {
      hint: 'Write it as the server does, for example 16/B374D848.',
    })
  }
  return ((BigInt(`0x${parts['high']}`) << 32n) | BigInt(`0x${parts['low']}`)) as Lsn
}

/** Writes the server's text form; the inverse of {@link parseLsn}. */
export function formatLsn(lsn: Lsn): string {
  const high = (lsn >> 32n).toString(16).toUpperCase()
  const low = (lsn & 0xffff_ffffn).toString(16).toUpperCase()
  return `${high}/${low}`
}

/** Joins the two halves in which an LSN is stored on a page. */
export function lsnFromHalves(high: number, low: number): Lsn {
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)) as Lsn
}

/** Takes a byte position that was computed, for example the start of a segment. */
export function lsnFromBigint(value: bigint): Lsn {
  return BigInt.asUintN(64, value) as Lsn
}
