import { describe, expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { LSN_NONE, parseLsn } from '../../base/lsn.ts'
import type { ControlFile } from '../../format/control-file.ts'
import { madeBackup } from '../../testing/made-catalog.ts'
import { directoryEntry, fileEntry } from '../../testing/made-content.ts'
import type { Destination } from './destination.ts'
import { planRestore } from './plan.ts'
import type { RestoreFacts, RestoreInput, TargetState } from './restore-facts.ts'

const CONTROL: ControlFile = {
  version: 1300,
  catalogVersion: 202209061,
  systemIdentifier: 7n,
  state: 'shut-down',
  writtenSeconds: 1,
  checkpointLsn: parseLsn('0/9000'),
  redoLsn: parseLsn('0/9000'),
  timeline: 1,
  checkpointSeconds: 1,
  minRecoveryPoint: LSN_NONE,
  minRecoveryPointTimeline: 0,
  backupStartPoint: LSN_NONE,
  backupEndPoint: LSN_NONE,
  isBackupEndRequired: false,
  blockBytes: 8192,
  walBlockBytes: 8192,
  walSegmentBytes: 1 << 24,
  segmentBlocks: 131072,
  dataChecksumVersion: 1,
  crc: 1,
  isCrcValid: true,
}
const CLEAN: Destination = {
  control: CONTROL,
  isControlInPlace: true,
  hasBackupLabel: false,
  isPidFileMangled: false,
  unfinished: undefined,
  links: new Map([['pg_tblspc/16395', '/fast']]),
  ownHistory: undefined,
  archivedHistory: undefined,
  whyNotWritable: undefined,
}
const UNFINISHED: Destination = {
  ...CLEAN,
  control: undefined,
  isControlInPlace: false,
  unfinished: {
    systemIdentifier: '7',
    instance: 'main',
    backupId: parseBackupId('F1'),
    startedAt: '2026-11-21T01:00:00.000Z',
    places: ['/mapped', '/wal'],
  },
}
const INPUT: RestoreInput = {
  catalog: '/backup',
  instance: 'main',
  id: undefined,
  dataDirectory: '/pgdata',
  target: undefined,
  isInclusive: undefined,
  targetTimeline: undefined,
  targetAction: undefined,
  restoreCommand: undefined,
  copiesWal: false,
  walThrough: undefined,
  tablespaceMapping: [],
  externalMapping: [],
  skipsExternal: false,
  incrementalMode: 'none',
  databases: undefined,
  movesAside: false,
  destroysOtherDatabases: false,
  walDirectory: undefined,
  threads: 1,
  isValidated: true,
  isSynced: true,
  isForced: false,
  isReplica: false,
  primaryConninfo: undefined,
  primarySlotName: undefined,
}

const OCCUPIED: TargetState = { kind: 'occupied', sample: 'PG_VERSION' }

function facts(destination: Destination | undefined, occupied: readonly string[] = []): RestoreFacts {
  const backup = madeBackup('F1', { startLsn: parseLsn('0/2000'), stopLsn: parseLsn('0/3000') })
  const entries = [directoryEntry('pg_wal'), fileEntry('base/5/1', { databaseOid: 5 })]
  const targets = new Map(occupied.map((place) => [place, OCCUPIED]))
  if (destination !== undefined) targets.set('/pgdata', OCCUPIED)
  return {
    backup,
    chain: [{ backup, entries }],
    tablespaces: [{ oid: 16395, path: '/fast' }],
    externalDirs: ['/ext'],
    databaseMap: [
      { oid: 5, name: 'postgres' },
      { oid: 16400, name: 'shop' },
    ],
    systemIdentifier: '7',
    targets,
    destination,
    existing: [],
    destinationHash: '',
    freeBytes: 1e9,
    walSource: undefined,
    walDisk: undefined,
    isRoot: false,
  }
}

/** What blocks or warns, and what the plan makes of the directory. */
function planned(input: Partial<RestoreInput>, given: RestoreFacts) {
  const plan = planRestore({ ...INPUT, ...input }, given)
  return {
    says: plan.preflight
      .filter(({ state }) => state !== 'ok')
      .map(({ state, sentence }) => `${state} ${sentence.code}`),
    mode: plan.incremental?.mode,
    continues: plan.incremental?.continues?.backupId,
    possible: plan.incremental?.modes.filter(({ isPossible }) => isPossible).map(({ mode }) => mode),
  }
}
const partial = { kind: 'include', names: ['shop'] } as const

describe('a directory that is not empty', () => {
  test.each<readonly [string, Partial<RestoreInput>, Destination, readonly string[], string]>([
    ['is not touched unless asked', {}, CLEAN, ['blocked target-occupied'], 'none'],
    ['is not touched by force alone', { isForced: true }, CLEAN, ['blocked target-occupied'], 'none'],
    [
      'is brought up by checksums',
      { incrementalMode: 'checksum' },
      CLEAN,
      ['warning target-checksum'],
      'checksum',
    ],
    ['is brought up by LSN', { incrementalMode: 'lsn' }, CLEAN, ['warning target-lsn'], 'lsn'],
    [
      'of another cluster is refused',
      { incrementalMode: 'checksum' },
      { ...CLEAN, control: { ...CONTROL, systemIdentifier: 8n } },
      ['blocked mode-other-system'],
      'none',
    ],
    [
      'of another cluster is emptied by force',
      { incrementalMode: 'checksum', isForced: true },
      { ...CLEAN, control: { ...CONTROL, systemIdentifier: 8n } },
      ['warning target-wiped'],
      'none',
    ],
    [
      'of no cluster is refused, even by force',
      { incrementalMode: 'checksum', isForced: true },
      { ...CLEAN, control: undefined },
      ['blocked mode-not-a-cluster'],
      'none',
    ],
    [
      'whose postmaster.pid cannot be read is refused, even by force',
      { incrementalMode: 'checksum', isForced: true },
      { ...CLEAN, isPidFileMangled: true, control: { ...CONTROL, systemIdentifier: 8n } },
      ['blocked mode-pid-file-mangled'],
      'none',
    ],
    [
      'that cannot be written is refused',
      { incrementalMode: 'checksum' },
      { ...CLEAN, whyNotWritable: 'EACCES' },
      ['blocked target-refused'],
      'checksum',
    ],
    [
      'with a backup_label takes checksums',
      { incrementalMode: 'checksum' },
      { ...CLEAN, hasBackupLabel: true },
      ['warning target-checksum'],
      'checksum',
    ],
    [
      'with a backup_label takes no LSN',
      { incrementalMode: 'lsn' },
      { ...CLEAN, hasBackupLabel: true },
      ['blocked mode-label-present'],
      'none',
    ],
    [
      'without pg_control takes no LSN',
      { incrementalMode: 'lsn' },
      { ...CLEAN, isControlInPlace: false },
      ['blocked mode-control-missing'],
      'none',
    ],
    [
      'that crashed takes no LSN',
      { incrementalMode: 'lsn' },
      { ...CLEAN, control: { ...CONTROL, state: 'in-production' } },
      ['blocked mode-not-shut-down'],
      'none',
    ],
    [
      'without data checksums takes no LSN',
      { incrementalMode: 'lsn' },
      { ...CLEAN, control: { ...CONTROL, dataChecksumVersion: 0 } },
      ['blocked mode-no-checksums'],
      'none',
    ],
    [
      'that is older than the chain takes no LSN',
      { incrementalMode: 'lsn' },
      { ...CLEAN, control: { ...CONTROL, redoLsn: parseLsn('0/3000') } },
      ['blocked mode-out-of-reach'],
      'none',
    ],
    [
      'on a timeline that does not descend takes no LSN',
      { incrementalMode: 'lsn' },
      { ...CLEAN, control: { ...CONTROL, timeline: 2 } },
      ['blocked mode-other-timeline'],
      'none',
    ],
    [
      'keeps its other databases',
      { incrementalMode: 'checksum', databases: partial },
      CLEAN,
      ['blocked mode-partial-over-others', 'warning databases-excluded'],
      'none',
    ],
    [
      'loses its other databases when that is said',
      { incrementalMode: 'checksum', databases: partial, destroysOtherDatabases: true },
      CLEAN,
      ['warning target-checksum', 'warning databases-excluded'],
      'checksum',
    ],
  ])('%s', (_, input, destination, says, mode) => {
    expect(planned(input, facts(destination))).toMatchObject({ says, mode })
  })

  test('says of each mode whether it is possible, whatever was asked for', () => {
    expect(planned({}, facts(CLEAN)).possible).toEqual(['checksum', 'lsn'])
    expect(planned({}, facts({ ...CLEAN, hasBackupLabel: true })).possible).toEqual(['checksum'])
    expect(planned({}, facts({ ...CLEAN, isPidFileMangled: true })).possible).toEqual([])
  })
})

describe('an interrupted restore', () => {
  test.each<readonly [string, Partial<RestoreInput>, readonly string[], string | undefined]>([
    ['is continued', {}, ['warning target-unfinished'], 'F1'],
    ['is continued by checksums', { incrementalMode: 'checksum' }, ['warning target-unfinished'], 'F1'],
    ['is not continued by LSN', { incrementalMode: 'lsn' }, ['blocked mode-control-missing'], undefined],
    [
      'of some databases is continued',
      { databases: partial },
      ['warning target-unfinished', 'warning databases-excluded'],
      'F1',
    ],
  ])('%s', (_, input, says, continues) => {
    expect(planned(input, facts(UNFINISHED))).toMatchObject({ says, continues })
  })

  test('is left alone while its process is at it', () => {
    const restoring = { pid: 7, host: 'here', birth: undefined }
    expect(planned({}, facts({ ...UNFINISHED, restoring })).says).toEqual(['blocked target-restoring'])
  })

  test('of another cluster is not continued', () => {
    const given = { ...facts(UNFINISHED), systemIdentifier: '8' }
    expect(planned({}, given)).toMatchObject({ says: ['blocked target-occupied'], continues: undefined })
  })

  test('goes on in the places that it was given, and in no others', () => {
    const input = { tablespaceMapping: [{ from: '/fast', to: '/mapped' }], walDirectory: '/wal' }
    expect(planned(input, facts(UNFINISHED, ['/mapped', '/wal'])).says).toEqual(['warning target-unfinished'])
    expect(planned({ walDirectory: '/else' }, facts(UNFINISHED, ['/else'])).says).toEqual([
      'warning target-unfinished',
      'blocked target-occupied',
    ])
  })
})

describe('a place besides the data directory that is not empty', () => {
  const checksum = { incrementalMode: 'checksum' } as const
  const mapped = { ...checksum, tablespaceMapping: [{ from: '/fast', to: '/mapped' }] }

  test('is taken when the link of the directory leads there, mapped or not', () => {
    expect(planned(checksum, facts(CLEAN, ['/fast'])).says).toEqual(['warning target-checksum'])
    const there = { ...CLEAN, links: new Map([['pg_tblspc/16395', '/mapped']]) }
    expect(planned(mapped, facts(there, ['/mapped'])).says).toEqual(['warning target-checksum'])
  })

  test('is not taken when it is the place of another copy, though it is not mapped', () => {
    const there = { ...CLEAN, links: new Map([['pg_tblspc/16395', '/copy']]) }
    expect(planned(checksum, facts(there, ['/fast'])).says).toEqual([
      'warning target-checksum',
      'blocked target-occupied',
    ])
  })

  test('is emptied by force', () => {
    expect(planned({ ...mapped, isForced: true }, facts(CLEAN, ['/mapped'])).says).toEqual([
      'warning target-checksum',
      'warning place-wiped',
    ])
  })

  test('is never taken without the mode, nor beside an empty data directory', () => {
    expect(planned({ isForced: true }, facts(undefined, ['/fast'])).says).toEqual(['blocked target-occupied'])
    expect(planned(checksum, facts(undefined, ['/fast'])).says).toEqual(['blocked target-occupied'])
  })

  test('is taken for an external directory unless it is mapped', () => {
    expect(planned(checksum, facts(CLEAN, ['/ext'])).says).toEqual(['warning target-checksum'])
    const elsewhere = { ...checksum, externalMapping: [{ from: '/ext', to: '/else' }] }
    expect(planned(elsewhere, facts(CLEAN, ['/else'])).says).toEqual([
      'warning target-checksum',
      'blocked target-occupied',
    ])
  })
})
