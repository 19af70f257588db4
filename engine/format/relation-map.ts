import { EngineError } from '../base/engine-error.ts'
import { crc32c } from './crc32c.ts'

const MAGIC = 0x592717
const HEAD_BYTES = 8
const MAPPING_BYTES = 8
const CRC_BYTES = 4
/** Room for so many relations: until PostgreSQL 15, where four bytes follow the checksum, and since 16. */
const LAYOUTS = [
  { fileBytes: 512, mostMappings: 62 },
  { fileBytes: 524, mostMappings: 64 },
] as const

/**
 * Reads `pg_filenode.map`: the number of the file by OID, of those relations whose number does not stand in `pg_class`.
 * Source: PostgreSQL `src/backend/utils/cache/relmapper.c`, `RelMapFile`.
 *
 * @throws {EngineError} `format.damaged`
 */
export function decodeRelationMap(bytes: Uint8Array): ReadonlyMap<number, number> {
  const layout = LAYOUTS.find(({ fileBytes }) => fileBytes === bytes.length)
  if (layout === undefined) throw damaged(`has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getInt32(0, true) !== MAGIC) throw damaged('does not begin with its mark')
  const crcAt = HEAD_BYTES + layout.mostMappings * MAPPING_BYTES
  if (crcAt + CRC_BYTES > bytes.length || view.getUint32(crcAt, true) !== crc32c(bytes.subarray(0, crcAt)))
    throw damaged('fails its checksum')
  const count = view.getInt32(4, true)
  if (count < 0 || count > layout.mostMappings) throw damaged(`says that it has ${count} entries`)
  const map = new Map<number, number>()
  for (let index = 0; index < count; index++) {
    const at = HEAD_BYTES + index * MAPPING_BYTES
    map.set(view.getUint32(at, true), view.getUint32(at + 4, true))
  }
  return map
}

function damaged(what: string): EngineError {
  return new EngineError('format.damaged', `pg_filenode.map ${what}`)
}
