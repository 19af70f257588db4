import { expect, test } from 'vitest'
import { formatLsn, parseLsn } from '../base/lsn.ts'
import {
  CONTROL_FILE_BYTES,
  decodeControlFile,
  encodeControlFileWithMinRecoveryPoint,
  requireControlFile,
} from './control-file.ts'
import { crc32c } from './crc32c.ts'

// The structures as real servers wrote them; their pg_controldata agrees.
const OF_15 =
  'MQlvlbQkAWsUBQAAJXcNDAYAAAAAAAAAtSQBawAAAADoGloBAAAAALAaWgEAAAAAAQAAAAEAAAABAAAAAAAAAOICAAAAAAAAAGAA' +
  'AAEAAAAAAAAAzAIAAAEAAAABAAAAAQAAAAAAAAC1JAFrAAAAAAAAAAAAAAAA4gIAAAAAAADoAwAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAZAAAAAgAAAAKAAAABQAAAEAAAAAAAAAACAAAAAAAAACH1jJBACAAAAAAAgAA' +
  'IAAAAAAQAEAAAAAgAAAAzAcAAAAIAAABAAAAAQAAAGntgGEhY7cLYICOvJgfAcGTYe8itKuXa5nw4PDbKDb0edaQugAAAAA='
const OF_17 =
  'SupdMrgkAWukBgAAiXkQDAEAAAAAAAAAuSQBawAAAADIAQADAAAAAMgBAAMAAAAAAQAAAAEAAAABAAAAAgAAAPICAAAAAAAACUAA' +
  'AAEAAAAAAAAA2gIAAAEAAAABAAAAAQAAAAAAAAC5JAFrAAAAAAAAAAAAAAAAAAAAAAAAAADoAwAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAZAAAAAgAAAAKAAAABQAAAEAAAAAAAAAACAAAAAAAAACH1jJBACAAAAAAAgAA' +
  'IAAAAAAAAUAAAAAgAAAAzAcAAAAIAAABAAAAAQAAAKCZKd+QXqSfugRtckT5mO1gMYx+uTlelAwV41E6Zm32W1bdvwAAAAA='
const OF_18 =
  'hkoNXbkkAWsIBwAAMwASDAYAAAAAAAAAuiQBawAAAAAIG1oBAAAAALAaWgEAAAAAAQAAAAEAAAABAAAAAgAAAP4CAAAAAAAAAGAA' +
  'AAEAAAAAAAAA6AIAAAEAAAABAAAAAQAAAAAAAAC6JAFrAAAAAAAAAAAAAAAA/gIAAAAAAADoAwAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAZAAAAAgAAAAKAAAABQAAAEAAAAAAAAAACAAAAAAAAACH1jJBACAAAAAAAgAA' +
  'IAAAAAAQAEAAAAAgAAAAzAcAAAAIAAABAAAAAQAAAAEmrtEAbm+OKbF3J5wZWLLrdgY+Uz8JmpT+am5zU6rSJgAAAJLgpCM='

test.each([
  [
    15,
    OF_15,
    1300,
    202209061,
    7710484395054795057n,
    'in-production',
    '0/15A1AE8',
    '0/15A1AB0',
    1 << 20,
    1795237045,
    3130054265,
  ],
  [
    17,
    OF_17,
    1700,
    202406281,
    7710484410572597834n,
    'shut-down',
    '0/30001C8',
    '0/30001C8',
    16 << 20,
    1795237049,
    3218953819,
  ],
  [
    18,
    OF_18,
    1800,
    202506291,
    7710484415583701638n,
    'in-production',
    '0/15A1B08',
    '0/15A1AB0',
    1 << 20,
    1795237050,
    598007954,
  ],
] as const)(
  'reads the control file of PostgreSQL %i',
  (
    _,
    base64,
    version,
    catalogVersion,
    systemIdentifier,
    state,
    checkpoint,
    redo,
    walSegmentBytes,
    seconds,
    crc,
  ) => {
    expect(requireControlFile(file(base64))).toEqual({
      version,
      catalogVersion,
      systemIdentifier,
      state,
      writtenSeconds: seconds,
      checkpointLsn: parseLsn(checkpoint),
      redoLsn: parseLsn(redo),
      timeline: 1,
      checkpointSeconds: seconds,
      minRecoveryPoint: 0n,
      minRecoveryPointTimeline: 0,
      backupStartPoint: 0n,
      backupEndPoint: 0n,
      isBackupEndRequired: false,
      blockBytes: 8192,
      segmentBlocks: 131072,
      walBlockBytes: 8192,
      walSegmentBytes,
      dataChecksumVersion: 1,
      crc,
      isCrcValid: true,
    })
  },
)

test.each([1201, 1300, 1700, 1800])('version %i is known', (version) => {
  const bytes = file(OF_15)
  new DataView(bytes.buffer).setUint32(8, version, true)
  expect(decodeControlFile(bytes).version).toBe(version)
})

test.each([0, 1100, 1902, 0x14050000])('version %i is refused as unsupported', (version) => {
  const bytes = file(OF_15)
  new DataView(bytes.buffer).setUint32(8, version, true)
  expect(() => decodeControlFile(bytes)).toThrow(expect.objectContaining({ code: 'format.unsupported' }))
})

test('a flipped bit shows, and is damage for whoever requires a sound file', () => {
  const bytes = file(OF_18)
  bytes[256] = 0
  expect(decodeControlFile(bytes).isCrcValid).toBe(false)
  expect(() => requireControlFile(bytes)).toThrow(expect.objectContaining({ code: 'format.damaged' }))
})

test.each([0, 15, 291, 8191, 8193])('a file of %i bytes is damaged', (length) => {
  const bytes = new Uint8Array(length)
  bytes.set(file(OF_15).subarray(0, length))
  expect(() => requireControlFile(bytes)).toThrow(expect.objectContaining({ code: 'format.damaged' }))
})

test.each([OF_15, OF_17, OF_18])(
  'a new minimum recovery point changes nothing else and seals the file again',
  (base64) => {
    const before = file(base64)
    before[400] = 1 // Behind the structure; the server writes zeros there.
    const image = encodeControlFileWithMinRecoveryPoint(before, parseLsn('7/ABCDEF8'))

    const control = requireControlFile(image)
    expect(formatLsn(control.minRecoveryPoint)).toBe('7/ABCDEF8')
    expect({ ...control, minRecoveryPoint: 0n, crc: 0 }).toEqual({
      ...requireControlFile(file(base64)),
      crc: 0,
    })
    expect(image.subarray(296).every((byte) => byte === 0)).toBe(true)
    expect(requireControlFile(before).minRecoveryPoint).toBe(0n)
  },
)

test('a damaged file is not sealed again', () => {
  const bytes = file(OF_15)
  bytes[20] = 1
  expect(() => encodeControlFileWithMinRecoveryPoint(bytes, parseLsn('0/1'))).toThrow(
    expect.objectContaining({ code: 'format.damaged' }),
  )
})

test('a flag that the structure has is read', () => {
  const bytes = file(OF_15)
  bytes[168] = 1
  const view = new DataView(bytes.buffer)
  view.setUint32(144, 4, true)
  view.setUint32(288, crc32c(bytes.subarray(0, 288)), true)
  expect(requireControlFile(bytes)).toMatchObject({ isBackupEndRequired: true, minRecoveryPointTimeline: 4 })
})

function file(base64: string): Uint8Array {
  const bytes = new Uint8Array(CONTROL_FILE_BYTES)
  bytes.set(Buffer.from(base64, 'base64'))
  return bytes
}
