import { expect, test } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import {
  filterAutoConf,
  formatRecoveryConfiguration,
  type RecoveryRequest,
  type RecoveryTarget,
} from './recovery-settings.ts'

const ARCHIVE_GET =
  '"/usr/bin/pg_probackup" archive-get -B "/backup" --instance "main" --wal-file-path=%p --wal-file-name=%f'

const PLAIN: RecoveryRequest = {
  serverMajor: 15,
  backupId: parseBackupId('TOTTEZ'),
  atText: '2026-11-21 00:32:04+00',
  programVersion: '2.5.16',
  isArchiveBackup: false,
  target: undefined,
  isInclusive: undefined,
  targetTimeline: undefined,
  targetAction: undefined,
  restoreCommand: undefined,
  hasOwnWal: false,
  defaultRestoreCommand: ARCHIVE_GET,
  replica: undefined,
}

const HEAD = `
# recovery settings added by pg_probackup restore of backup TOTTEZ at '2026-11-21 00:32:04+00'
`

test('a backup with its own WAL gets the comment and nothing else', () => {
  expect(formatRecoveryConfiguration(PLAIN)).toEqual({
    file: 'postgresql.auto.conf',
    text: HEAD,
    signalFiles: [],
  })
})

test('an ARCHIVE backup recovers as the reference tool has it', () => {
  expect(formatRecoveryConfiguration({ ...PLAIN, isArchiveBackup: true })).toEqual({
    file: 'postgresql.auto.conf',
    text: `${HEAD}## recovery settings
recovery_target_timeline = 'current'
recovery_target_action = 'pause'
restore_command = '${ARCHIVE_GET}'
`,
    signalFiles: ['recovery.signal'],
  })
})

test('with WAL of its own a server fetches nothing, and a standby has no command at all', () => {
  const own = { ...PLAIN, isArchiveBackup: true, hasOwnWal: true }
  const { text, signalFiles } = formatRecoveryConfiguration(own)
  expect(text).toContain("\nrestore_command = 'false'\n")
  expect(signalFiles).toEqual(['recovery.signal'])
  const replica = { primaryConninfo: undefined, primarySlotName: undefined }
  expect(formatRecoveryConfiguration({ ...own, replica }).text).toContain("\nrestore_command = ''\n")
  expect(formatRecoveryConfiguration({ ...own, serverMajor: 11 })).toMatchObject({
    file: 'recovery.conf',
    text: expect.stringContaining("\nrestore_command = 'false'\n"),
  })
})

test.each<[RecoveryTarget, readonly string[]]>([
  [
    { kind: 'name', name: "before O'Hara" },
    ["recovery_target_name = 'before O''Hara'", "recovery_target_timeline = 'current'"],
  ],
  [
    { kind: 'time', at: '2026-11-20 09:12:41.118+08' },
    ["recovery_target_time = '2026-11-20 09:12:41.118+08'", "recovery_target_timeline = 'current'"],
  ],
  [{ kind: 'xid', xid: '739' }, ["recovery_target_xid = '739'", "recovery_target_timeline = 'current'"]],
  [
    { kind: 'lsn', lsn: '0/3000118' },
    ["recovery_target_lsn = '0/3000118'", "recovery_target_timeline = 'current'"],
  ],
  [{ kind: 'immediate' }, ["recovery_target = 'immediate'", "recovery_target_timeline = 'current'"]],
  [{ kind: 'latest' }, ["recovery_target_timeline = 'latest'"]],
])('the target %j becomes settings', (target, lines) => {
  const { text, signalFiles } = formatRecoveryConfiguration({ ...PLAIN, target })
  expect(text.split('\n').slice(3, -3)).toEqual(lines)
  expect(signalFiles).toEqual(['recovery.signal'])
})

test('every choice of the user stands where the reference tool puts it', () => {
  const request: RecoveryRequest = {
    ...PLAIN,
    target: { kind: 'time', at: '2026-11-21' },
    isInclusive: false,
    targetTimeline: '3',
    targetAction: 'promote',
    restoreCommand: "cp 'C:\\wal\\%f' %p",
    replica: { primaryConninfo: "host=a password='x y'", primarySlotName: 'slot_1' },
  }
  expect(formatRecoveryConfiguration(request)).toEqual({
    file: 'postgresql.auto.conf',
    text: `${HEAD}## recovery settings
recovery_target_time = '2026-11-21'
recovery_target_inclusive = 'false'
recovery_target_timeline = '3'
recovery_target_action = 'promote'
restore_command = 'cp ''C:\\\\wal\\\\%f'' %p'

## standby settings
primary_conninfo = 'host=a password=''x y'''
primary_slot_name = 'slot_1'
`,
    signalFiles: ['recovery.signal', 'standby.signal'],
  })
})

test('a standby from a backup with its own WAL only follows its primary', () => {
  const replica = { primaryConninfo: 'host=a', primarySlotName: undefined }
  expect(formatRecoveryConfiguration({ ...PLAIN, replica })).toEqual({
    file: 'postgresql.auto.conf',
    text: `${HEAD}\n## standby settings\nprimary_conninfo = 'host=a'\n`,
    signalFiles: ['standby.signal'],
  })
})

test.each([
  [{ targetTimeline: 'latest' }, true],
  [{ targetTimeline: '2' }, false],
  [{ restoreCommand: 'cp %f %p' }, true],
  [{ restoreCommand: 'none' }, false],
])('%j asks for recovery: %s', (request, isRecovery) => {
  const { signalFiles } = formatRecoveryConfiguration({ ...PLAIN, ...request })
  expect(signalFiles.includes('recovery.signal')).toBe(isRecovery)
})

test('a server before 12 gets a recovery.conf, and only when there is something to say', () => {
  expect(formatRecoveryConfiguration({ ...PLAIN, serverMajor: 11 })).toEqual({
    file: 'recovery.conf',
    text: '',
    signalFiles: [],
  })
  const replica = { primaryConninfo: 'host=a', primarySlotName: undefined }
  expect(
    formatRecoveryConfiguration({ ...PLAIN, serverMajor: 11, isArchiveBackup: true, replica }).text,
  ).toBe(
    `# recovery.conf generated by pg_probackup 2.5.16
## recovery settings
recovery_target_action = 'pause'
restore_command = '${ARCHIVE_GET}'

## standby settings
primary_conninfo = 'host=a'
standby_mode = 'on'
`,
  )
})

test('a value cannot break out of its line', () => {
  const target: RecoveryTarget = { kind: 'name', name: "x'\narchive_command = 'rm -rf" }
  const { text } = formatRecoveryConfiguration({ ...PLAIN, target })
  expect(text).toContain(`recovery_target_name = 'x''\\narchive_command = ''rm -rf'\n`)
})

test('lines about an earlier recovery go, all others stay as they are', () => {
  const text = [
    '# Do not edit this file manually!',
    "shared_buffers = '1GB'",
    "include 'probackup_recovery.conf'",
    '# recovery_target_name was here',
    "restore_command = 'cp %f %p'",
    "include_if_exists = 'other.conf'",
    "primary_conninfo = 'host=a'",
    "recovery_target_timeline = 'latest'",
    "work_mem = '4MB'",
  ].join('\n')
  expect(filterAutoConf(text)).toBe(
    [
      '# Do not edit this file manually!',
      "shared_buffers = '1GB'",
      "include_if_exists = 'other.conf'",
      "primary_conninfo = 'host=a'",
      "work_mem = '4MB'",
    ].join('\n'),
  )
  expect(filterAutoConf('')).toBe('')
})
