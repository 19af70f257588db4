import { closeSync, openSync, readSync } from 'node:fs'
import { deflateSync, inflateSync } from 'node:zlib'
import type { HeaderTablePlace } from '../../format/content-list.ts'
import { decodeHeaderTable, HEADER_RECORD_BYTES, type HeaderTableReader } from '../../format/header-map.ts'
import { kernel } from '../../kernel/kernel.ts'

/** A table of up to this many bytes, eight pages, is stored as it is: compressing costs more time than it saves room. */
const SMALL_TABLE_BYTES = 9 * HEADER_RECORD_BYTES
/** Header of a zlib stream, and of its last block, which is not compressed. */
const STORED_PREFIX = [0x78, 0x01, 0x01]
const STORED_HEAD_BYTES = 7
const ADLER_BYTES = 4

/** The zlib stream of a header table that goes into `page_header_map`. */
export function packHeaderTable(table: Uint8Array): Uint8Array {
  if (table.length > SMALL_TABLE_BYTES) return deflateSync(table, { level: 1 })
  const blob = new Uint8Array(STORED_HEAD_BYTES + table.length + ADLER_BYTES)
  const view = new DataView(blob.buffer)
  blob.set(STORED_PREFIX)
  view.setUint16(3, table.length, true)
  view.setUint16(5, ~table.length, true)
  blob.set(table, STORED_HEAD_BYTES)
  view.setUint32(STORED_HEAD_BYTES + table.length, adler32(table))
  return blob
}

/** The table in a zlib stream. One that was stored as it is needs no inflating; its CRC is looked at by the caller. */
function unpackHeaderTable(blob: Uint8Array, mostBytes: number): Uint8Array {
  const end = blob.length - ADLER_BYTES
  if (STORED_PREFIX.every((byte, at) => blob[at] === byte) && end - STORED_HEAD_BYTES === mostBytes)
    return blob.slice(STORED_HEAD_BYTES, end)
  return inflateSync(blob, { maxOutputLength: mostBytes })
}

function adler32(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  // So few bytes cannot overflow, so that one remainder at the end is enough.
  for (const byte of bytes) {
    a += byte
    b += a
  }
  return (((b % 65521) << 16) | (a % 65521)) >>> 0
}

type HeaderTable =
  | { readonly kind: 'sound'; readonly table: HeaderTableReader }
  | { readonly kind: 'damaged'; readonly message: string }

/** Reads the header table of one file out of `page_header_map`. Whatever is wrong with it is said, not thrown. */
export function readHeaderTable(mapPath: string, place: HeaderTablePlace | undefined): HeaderTable {
  if (place === undefined) return { kind: 'damaged', message: 'the content list names no header table' }
  const blob = new Uint8Array(place.sizeBytes)
  try {
    const descriptor = openSync(mapPath, 'r')
    try {
      const readBytes = readSync(descriptor, blob, 0, blob.length, place.offset)
      if (readBytes < blob.length) return { kind: 'damaged', message: 'page_header_map is too short' }
    } finally {
      closeSync(descriptor)
    }
    const bytes = (place.headerCount + 1) * HEADER_RECORD_BYTES
    const table = unpackHeaderTable(blob, bytes)
    if (table.length !== bytes) return { kind: 'damaged', message: 'the header table has another size' }
    if (kernel.crc32c(table) !== place.crc)
      return { kind: 'damaged', message: 'the header table fails its checksum' }
    return { kind: 'sound', table: decodeHeaderTable(table, place.headerCount) }
  } catch (thrown) {
    return { kind: 'damaged', message: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}
