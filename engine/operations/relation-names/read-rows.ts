import { closeSync, openSync, readSync } from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import {
  type ClassRow,
  type DatabaseRow,
  decodeClassRow,
  decodeDatabaseRow,
  decodeIndexRow,
  decodeSchemaRow,
  type IndexRow,
  type NamedRow,
} from '../../format/catalog-rows.ts'
import { legacyCrc32 } from '../../format/crc32c.ts'
import { type HeapRow, heapRows } from '../../format/heap-page.ts'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import { placePages } from '../steps/place-pages.ts'
import { type ChainFile, damagedSource, type StoredSource } from '../steps/stored-source.ts'
import type { Task, TaskContext } from '../steps/worker-pool.ts'

/** A system table by its segments, and how its rows are to be read. */
export type TableToRead = {
  readonly files: readonly ChainFile[]
  readonly major: number
  /** Of the database. */
  readonly encoding: number
}

/** Beyond it a database has more relations than are worth holding. */
const MOST_ROWS = 2_000_000

export const readClassRows: Task<TableToRead, readonly ClassRow[]> = {
  name: 'relation-names.class',
  run: (table, context) =>
    rowsOf(table, context, (row) => {
      const relation = decodeClassRow(row, table.major, table.encoding)
      // Views and the like have no file.
      return KINDS_WITH_FILE.has(relation.kind) ? relation : undefined
    }),
}

const KINDS_WITH_FILE: ReadonlySet<string> = new Set(['r', 'i', 'S', 't', 'm'])

export const readSchemaRows: Task<TableToRead, readonly NamedRow[]> = {
  name: 'relation-names.schema',
  run: (table, context) => rowsOf(table, context, (row) => decodeSchemaRow(row, table.major, table.encoding)),
}

export const readDatabaseRows: Task<TableToRead, readonly DatabaseRow[]> = {
  name: 'relation-names.database',
  run: (table, context) => rowsOf(table, context, (row) => decodeDatabaseRow(row, table.major)),
}

export const readIndexRows: Task<TableToRead, readonly IndexRow[]> = {
  name: 'relation-names.index',
  run: (table, context) => rowsOf(table, context, (row) => decodeIndexRow(row, table.major)),
}

/**
 * What is stored is held against the checksum of the content list first: a wrong name would be worse than none.
 *
 * @throws {EngineError} `backup.damaged`, `storage.*`, `format.unsupported`
 */
function rowsOf<Row>(
  { files }: TableToRead,
  context: TaskContext,
  decode: (row: HeapRow) => Row | undefined,
): readonly Row[] {
  const rows: Row[] = []
  for (const file of files) {
    for (const source of file.sources) requireSound(file, source, context)
    const place = (block: number, content: Uint8Array): void => {
      try {
        for (const heapRow of heapRows(content)) {
          const row = decode(heapRow)
          if (row !== undefined) rows.push(row)
        }
      } catch (cause) {
        if (cause instanceof EngineError && cause.code === 'format.damaged')
          throw notATable(file, block, cause)
        throw cause
      }
      if (rows.length > MOST_ROWS)
        throw new EngineError('format.unsupported', `"${file.name}" has more than ${MOST_ROWS} rows`)
    }
    placePages(file, { place, flush: () => undefined }, context)
  }
  return rows
}

function notATable(file: ChainFile, block: number, cause: EngineError): EngineError {
  return new EngineError('backup.damaged', `block ${block} of "${file.name}" ${cause.message}`, {
    hint: 'Validate the instance.',
    cause,
    facts: { file: file.name },
  })
}

const CHUNK_BYTES = 64 << 10

function requireSound(file: ChainFile, source: StoredSource, context: TaskContext): void {
  const chunk = new Uint8Array(CHUNK_BYTES)
  const crcOf = source.hasLegacyCrc ? legacyCrc32 : kernel.crc32c
  let crc = 0
  try {
    const descriptor = openSync(source.storedPath, 'r')
    try {
      for (let offset = 0; ;) {
        context.throwIfCancelled()
        const readBytes = readSync(descriptor, chunk, 0, CHUNK_BYTES, offset)
        if (readBytes === 0) break
        crc = crcOf(chunk.subarray(0, readBytes), crc)
        offset += readBytes
      }
    } finally {
      closeSync(descriptor)
    }
  } catch (thrown) {
    throw mapFileError(thrown, source.storedPath, 'read')
  }
  if (crc !== source.crc) throw damagedSource(file, source, 'fails its checksum')
}
