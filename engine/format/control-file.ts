import { EngineError } from '../base/engine-error.ts'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { crc32c } from './crc32c.ts'

/** Bytes of `global/pg_control` on disk: a structure of some 300 bytes and zeros. */
export const CONTROL_FILE_BYTES = 8192

/** What the cluster was doing when the file was written, `DBState` in its order. */
const CLUSTER_STATES = [
  'starting-up',
  'shut-down',
  'shut-down-in-recovery',
  'shutting-down',
  'in-crash-recovery',
  'in-archive-recovery',
  'in-production',
] as const

type ClusterState = (typeof CLUSTER_STATES)[number] | 'unknown'

/**
 * What a backup tool needs of `global/pg_control`. Times are Unix seconds; an LSN that is not set is 0.
 * Source: PostgreSQL `src/include/catalog/pg_control.h`, `ControlFileData`, versions 12 to 18.
 */
export type ControlFile = {
  /** `pg_control_version`: 1201 for PostgreSQL 12, 1300 for 13 to 16, 1700, 1800. */
  readonly version: number
  readonly catalogVersion: number
  readonly systemIdentifier: bigint
  readonly state: ClusterState
  /** When the file was written last. */
  readonly writtenSeconds: number
  /** Where the record of the latest checkpoint starts. */
  readonly checkpointLsn: Lsn
  /** Where recovery from that checkpoint starts to replay. */
  readonly redoLsn: Lsn
  /** The timeline of that checkpoint, `ThisTimeLineID`. */
  readonly timeline: Timeline
  readonly checkpointSeconds: number
  readonly minRecoveryPoint: Lsn
  /** 0 when {@link minRecoveryPoint} is not set. */
  readonly minRecoveryPointTimeline: Timeline
  readonly backupStartPoint: Lsn
  readonly backupEndPoint: Lsn
  readonly isBackupEndRequired: boolean
  readonly blockBytes: number
  readonly walBlockBytes: number
  readonly walSegmentBytes: number
  /** Blocks in a full segment file of a relation. */
  readonly segmentBlocks: number
  /** 0 = the cluster has no data checksums. */
  readonly dataChecksumVersion: number
  /** CRC-32C of the structure as stored. */
  readonly crc: number
  readonly isCrcValid: boolean
}

/** The only thing that moved among these versions is the end: 18 put the signedness of `char` before the nonce. */
const CRC_OFFSETS = new Map([
  [1201, 288],
  [1300, 288],
  [1700, 288],
  [1800, 292],
])

const MIN_RECOVERY_POINT = 136

/**
 * Reads the structure at the start of `bytes` and says whether its checksum holds, without judging.
 *
 * @throws {EngineError} `format.unsupported` for a server version not known here; `format.damaged` when the bytes end
 * inside the structure.
 */
export function decodeControlFile(bytes: Uint8Array): ControlFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const crcOffset = requireLayout(view)
  const lsn = (at: number): Lsn => lsnFromBigint(view.getBigUint64(at, true))
  const u32 = (at: number): number => view.getUint32(at, true)
  const seconds = (at: number): number => Number(view.getBigInt64(at, true))
  const crc = u32(crcOffset)
  return {
    version: u32(8),
    catalogVersion: u32(12),
    systemIdentifier: view.getBigUint64(0, true),
    state: CLUSTER_STATES[u32(16)] ?? 'unknown',
    writtenSeconds: seconds(24),
    checkpointLsn: lsn(32),
    redoLsn: lsn(40),
    timeline: u32(48),
    checkpointSeconds: seconds(104),
    minRecoveryPoint: lsn(MIN_RECOVERY_POINT),
    minRecoveryPointTimeline: u32(144),
    backupStartPoint: lsn(152),
    backupEndPoint: lsn(160),
    isBackupEndRequired: view.getUint8(168) !== 0,
    blockBytes: u32(216),
    segmentBlocks: u32(220),
    walBlockBytes: u32(224),
    walSegmentBytes: u32(228),
    dataChecksumVersion: u32(252),
    crc,
    isCrcValid: crc32c(bytes.subarray(0, crcOffset)) === crc,
  }
}

/**
 * Like {@link decodeControlFile}, of a whole and sound file only.
 *
 * @throws {EngineError} `format.unsupported`; `format.damaged` for a wrong length or checksum.
 */
export function requireControlFile(bytes: Uint8Array): ControlFile {
  if (bytes.length !== CONTROL_FILE_BYTES) {
    throw damaged(`pg_control has ${bytes.length} bytes instead of ${CONTROL_FILE_BYTES}`)
  }
  const control = decodeControlFile(bytes)
  if (!control.isCrcValid) throw damaged('pg_control fails its own checksum')
  return control
}

/**
 * A new image of a whole and sound file in which recovery must reach `lsn` before the cluster opens: structure, new
 * checksum, zeros. The given bytes stay as they are. Source: `catalog-format.md` section 7.3, step 15.
 *
 * @throws {EngineError} as {@link requireControlFile}
 */
export function encodeControlFileWithMinRecoveryPoint(bytes: Uint8Array, lsn: Lsn): Uint8Array {
  requireControlFile(bytes)
  const crcOffset = requireLayout(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const image = new Uint8Array(CONTROL_FILE_BYTES)
  image.set(bytes.subarray(0, crcOffset))
  const view = new DataView(image.buffer)
  view.setBigUint64(MIN_RECOVERY_POINT, lsn, true)
  view.setUint32(crcOffset, crc32c(image.subarray(0, crcOffset)), true)
  return image
}

/** Where the checksum stands in a file of its version. */
function requireLayout(view: DataView): number {
  if (view.byteLength < 16) throw damaged(`pg_control has only ${view.byteLength} bytes`)
  const version = view.getUint32(8, true)
  const crcOffset = CRC_OFFSETS.get(version)
  if (crcOffset === undefined) {
    throw new EngineError('format.unsupported', `pg_control has the unknown version ${version}`, {
      hint: 'PostgreSQL 12 to 18 on little-endian machines is supported; check that this is the right directory.',
    })
  }
  if (view.byteLength < crcOffset + 4) throw damaged(`pg_control has only ${view.byteLength} bytes`)
  return crcOffset
}

function damaged(message: string): EngineError {
  return new EngineError('format.damaged', message, {
    hint: 'If a server is running there, try again; otherwise the data directory is damaged.',
  })
}
