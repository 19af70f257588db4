import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backupIdFromSeconds, parseBackupId } from '../base/backup-id.ts'
import { lsnFromBigint, parseLsn } from '../base/lsn.ts'
import {
  type BackupControl,
  compareVersions,
  formatBackupControl,
  formatControlTime,
  parseBackupControl,
  parseControlTime,
  versionNumber,
} from './backup-control.ts'

const LEAST = "backup-mode = FULL\nstart-time = '2026-11-21 00:30:20+00'\n"

const seconds = fc.integer({ min: 1, max: 4_000_000_000 })
const bytes = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const words = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => text.trim() !== '')
const maybe = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(values, { nil: undefined })

const anyControl: fc.Arbitrary<BackupControl> = fc.record({
  mode: fc.constantFrom('FULL', 'PAGE', 'DELTA', 'PTRACK'),
  isStream: fc.boolean(),
  compressAlgorithm: fc.constantFrom('none', 'zlib', 'pglz', 'lz4', 'zstd'),
  compressLevel: fc.nat({ max: 9 }),
  isFromReplica: fc.boolean(),
  blockBytes: fc.constant(8192),
  walBlockBytes: fc.constant(8192),
  checksumVersion: fc.nat({ max: 1 }),
  programVersion: fc.constantFrom(undefined, '2.5.0', '2.5.16'),
  serverVersion: fc.constantFrom(undefined, '15', '9.6'),
  timeline: fc.nat(),
  startLsn: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn).map(lsnFromBigint),
  stopLsn: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn).map(lsnFromBigint),
  startSeconds: seconds,
  mergeSeconds: maybe(seconds),
  endSeconds: maybe(seconds),
  recoveryXid: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
  recoverySeconds: maybe(seconds),
  expireSeconds: maybe(seconds),
  mergeDestinationId: maybe(seconds.map(backupIdFromSeconds)),
  dataBytes: maybe(bytes),
  walBytes: maybe(bytes),
  uncompressedBytes: maybe(bytes),
  pgdataBytes: maybe(bytes),
  status: fc.constantFrom('OK', 'DONE', 'RUNNING', 'ORPHAN', 'CORRUPT', 'MERGING'),
  parentId: maybe(seconds.map(backupIdFromSeconds)),
  primaryConninfo: maybe(words),
  externalDirs: maybe(words),
  note: maybe(words),
  contentCrc: maybe(fc.integer({ min: 1, max: 0xffff_ffff })),
})

describe('a backup.control', () => {
  test('gives back any control that was written, without an empty value', () => {
    fc.assert(
      fc.property(anyControl, (control) => {
        const text = formatBackupControl(control)
        expect(text).not.toMatch(/= *$|= ''$/m)
        expect(parseBackupControl(text)).toEqual({ control, warnings: [] })
      }),
    )
  })

  test('doubles quotes and keeps everything on one line', () => {
    const { control } = parseBackupControl(LEAST)
    if (control === undefined) throw new Error('not read')
    const text = formatBackupControl({
      ...control,
      note: "it's\ndone",
      externalDirs: '',
      primaryConninfo: ' ',
      contentCrc: 0,
    })
    expect(text).toContain("note = 'it''s done'\n")
    expect(text).not.toContain('external-dirs')
    expect(text).not.toContain('primary_conninfo')
    expect(text).not.toContain('content-crc')
    expect(parseBackupControl(text).control?.note).toBe("it's done")
  })

  test('of gs_probackup is read in its own time zone, with a warning for each key of its own', () => {
    const { control, warnings } = parseBackupControl(
      "backup-mode = PTRACK\nstart-time = '2025-08-01 15:28:11+08'\ncompress-alg = lz4\nserver-version = 9.2\n" +
        "recovery-name = 'backup T0B7NV'\nstorage-type = FILE\ns3-status = UNKNOWN\n",
    )
    expect(control).toMatchObject({
      mode: 'PTRACK',
      startSeconds: Date.UTC(2025, 7, 1, 7, 28, 11) / 1000,
      compressAlgorithm: 'lz4',
    })
    expect(warnings).toEqual([
      'line 5: the key "recovery-name" is not known',
      'line 6: the key "storage-type" is not known',
      'line 7: the key "s3-status" is not known',
    ])
  })

  test('is read with the defaults of the format, and a repeated key counts the last time', () => {
    const { control } = parseBackupControl(
      `${LEAST}status = OK\nSTATUS = don\nstatus=DONE\nbackup_mode = fu\n`,
    )
    expect(control).toMatchObject({ status: 'DONE', mode: 'FULL', compressLevel: 1, blockBytes: 8192 })
    expect(control?.dataBytes).toBeUndefined()
    expect(parseBackupControl(`${LEAST}data-bytes = -1\n`).control?.dataBytes).toBeUndefined()
  })

  test('is no backup when it is empty or has no start time or mode', () => {
    for (const text of [
      '',
      '# nothing\n',
      'status = OK\n',
      LEAST.split('\n')[0] ?? '',
      LEAST.split('\n')[1] ?? '',
    ]) {
      const { control, warnings } = parseBackupControl(text)
      expect(control).toBeUndefined()
      expect(warnings).toHaveLength(1)
    }
  })

  test('reads an unknown status or LSN with a warning', () => {
    const { control, warnings } = parseBackupControl(`${LEAST}status = NEW\nstart-lsn = x\nstop-lsn = 1/2\n`)
    expect(control).toMatchObject({ status: 'UNKNOWN', startLsn: 0n, stopLsn: parseLsn('1/2') })
    expect(warnings).toEqual(['line 3: the status "NEW" is not known', 'line 4: "x" is not an LSN'])
  })

  test.each([
    'backup-mode = HALF',
    'stream = maybe',
    'compress-alg = brotli',
    "note = ''",
    'timelineid = one',
    "end-time = 'yesterday'",
    'parent-backup-id = !',
    'content-crc = 4294967296',
  ])('cannot be read with %s', (line) => {
    expect(() => parseBackupControl(`${LEAST}${line}\n`)).toThrow(/^line 3 has a [\w-]+ that cannot be read$/)
  })

  test('takes a key that every object has for an unknown one', () => {
    expect(parseBackupControl(`${LEAST}constructor = 1\n`).warnings).toHaveLength(1)
  })
})

describe('a time of a control file', () => {
  test('is the example of the format', () => {
    expect(parseControlTime('2026-11-21 00:30:20+00')).toBe(1795221020)
    expect(backupIdFromSeconds(1795221020)).toBe(parseBackupId('TOTTEK'))
    expect(formatControlTime(1795221020)).toBe('2026-11-21 00:30:20+00')
    expect(formatControlTime(1795221020, 330)).toBe('2026-11-21 06:00:20+05:30')
    expect(formatControlTime(1795221020, -210)).toBe('2026-11-20 21:00:20-03:30')
  })

  test('comes back from any offset', () => {
    fc.assert(
      fc.property(seconds, fc.integer({ min: -720, max: 840 }), (at, offset) => {
        expect(parseControlTime(formatControlTime(at, offset))).toBe(at)
      }),
    )
  })

  test('is UTC without an offset, and needs no seconds or hours', () => {
    const midnight = Date.UTC(2026, 10, 21) / 1000
    for (const text of ['2026-11-21', '2026-11-21 00:00', '2026-11-21T00:00:00.9', '2026-11-21 00:00:00Z']) {
      expect(parseControlTime(text)).toBe(midnight)
    }
    for (const text of ['', '2026-13-01', '2026-11-21 25:00', '21.11.2026']) {
      expect(() => parseControlTime(text)).toThrow('is not a time')
    }
  })
})

test('program versions compare as numbers, and need three parts', () => {
  expect(versionNumber('2.5.16')).toBe(20516)
  expect(versionNumber('2.4.2')).toBe(20402)
  expect(compareVersions('2.5.9', '2.5.16')).toBeLessThan(0)
  expect(() => versionNumber('2.5')).toThrow('not a program version')
})

test('a note with a quote that another tool has not doubled is read, and written so that every tool can', () => {
  const text = "backup-mode = FULL\nstart-time = '2026-11-21 12:00:00+00'\nstatus = OK\nnote = 'it's'\n"
  const { control } = parseBackupControl(text)
  expect(control?.note).toBe("it's")
  if (control === undefined) throw new Error('no control file')
  expect(formatBackupControl(control)).toContain("note = 'it''s'\n")
})
