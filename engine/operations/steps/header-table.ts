import { closeSync, openSync, readSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { crc32c } from '../../format/crc32c.ts'
import type { HeaderTablePlace } from '../../format/content-list.ts'
import { decodeHeaderTable, HEADER_RECORD_BYTES, type PageHeaderEntry } from '../../format/header-map.ts'

type HeaderTable =
  | { readonly kind: 'sound'; readonly entries: readonly PageHeaderEntry[] }
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
    const table = inflateSync(blob, { maxOutputLength: bytes })
    if (table.length !== bytes) return { kind: 'damaged', message: 'the header table has another size' }
    if (crc32c(table) !== place.crc)
      return { kind: 'damaged', message: 'the header table fails its checksum' }
    return { kind: 'sound', entries: decodeHeaderTable(table, place.headerCount) }
  } catch (thrown) {
    return { kind: 'damaged', message: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}
