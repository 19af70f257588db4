import type { BackupRecord, BackupTablespace } from '../api/contract/backups.ts'
import { formatLsn } from '../base/lsn.ts'
import { secondsFromIso } from '../base/iso-time.ts'
import type { JsonValue } from './json-text.ts'
import { formatLocalTime } from './moments.ts'
import { formatTable, prettyDuration, prettySize } from './pretty.ts'

const TITLES = [
  'Instance',
  'Version',
  'ID',
  'Recovery Time',
  'Mode',
  'WAL Mode',
  'TLI',
  'Time',
  'Data',
  'WAL',
  'Zratio',
  'Start LSN',
  'Stop LSN',
  'Status',
]
const FLUSH_RIGHT = ['Time', 'Data', 'WAL', 'Zratio']
const UNKNOWN = '----'

/** The backups of one instance as the family's tools print them. Source: `catalog-format.md` section 14.1. */
export function formatBackupTable(
  instance: string,
  backups: readonly BackupRecord[],
  { nowMs, isColored }: { readonly nowMs: number; readonly isColored: boolean },
): string {
  const rows = backups.map((backup) => [
    instance,
    backup.serverVersion ?? UNKNOWN,
    backup.id,
    backup.recoveryTime === undefined ? UNKNOWN : formatLocalTime(backup.recoveryTime),
    backup.mode,
    backup.isStream ? 'STREAM' : 'ARCHIVE',
    `${backup.timeline}/${backup.mode === 'FULL' ? 0 : backup.parentTimeline}`,
    duration(backup, nowMs),
    prettySize(backup.dataBytes),
    prettySize(backup.walBytes),
    compressionRatio(backup).toFixed(2),
    formatLsn(backup.startLsn),
    formatLsn(backup.stopLsn),
    statusText(backup),
  ])
  return formatTable(TITLES, rows, FLUSH_RIGHT, isColored ? paint : undefined)
}

/** One backup as an object of the JSON list: keys and their order as in `catalog-format.md` section 14.2. */
export function backupToJson(
  backup: BackupRecord,
  tablespaces: readonly BackupTablespace[] | undefined,
): JsonValue {
  const time = (at: BackupRecord['endTime']): string | undefined =>
    at === undefined ? undefined : formatLocalTime(at)
  return {
    id: backup.id,
    'parent-backup-id': backup.parentId,
    'backup-mode': backup.mode,
    wal: backup.isStream ? 'STREAM' : 'ARCHIVE',
    'compress-alg': backup.compressAlgorithm,
    'compress-level': backup.compressLevel,
    'from-replica': String(backup.isFromReplica),
    'block-size': backup.blockBytes,
    'xlog-block-size': backup.walBlockBytes,
    'checksum-version': backup.checksumVersion,
    'program-version': backup.programVersion ?? '',
    'server-version': backup.serverVersion ?? '',
    'current-tli': backup.timeline,
    'parent-tli': backup.parentTimeline,
    'start-lsn': formatLsn(backup.startLsn),
    'stop-lsn': formatLsn(backup.stopLsn),
    'start-time': formatLocalTime(backup.startTime),
    'end-time': time(backup.endTime),
    'recovery-xid': backup.recoveryXid,
    'recovery-time': time(backup.recoveryTime),
    'expire-time': time(backup.expireTime),
    'data-bytes': backup.dataBytes,
    'wal-bytes': backup.walBytes,
    // The tools of the family count these from nothing, so that a backup that has failed has none; the others are unknown.
    'uncompressed-bytes': backup.uncompressedBytes ?? 0,
    'pgdata-bytes': backup.pgdataBytes ?? 0,
    primary_conninfo: backup.primaryConninfo,
    'external-dirs': backup.externalDirs,
    status: backup.status,
    note: backup.note,
    'content-crc': backup.contentCrc === 0 ? undefined : backup.contentCrc,
    // Of our own, and only where there is something to say: readers of the family's JSON pass it over.
    stale: backup.isStale ? true : undefined,
    tablespace_map:
      tablespaces === undefined || tablespaces.length === 0
        ? undefined
        : tablespaces.map(({ oid, path }) => ({ oid: String(oid), path })),
  }
}

/**
 * One backup in full, as `show -i` prints it: the text of its control file with local times, and where its tablespaces were.
 */
export function formatBackupDetail(controlText: string, tablespaces: readonly BackupTablespace[]): string {
  const local = controlText.replace(
    /^(\s*[\w-]*time\s*=\s*)'([^'\n]+)'/gm,
    (whole, head: string, stamp: string) => {
      const atMs = Date.parse(`${stamp.replace(' ', 'T')}${/[+-]\d{2}$/.test(stamp) ? ':00' : ''}`)
      return Number.isNaN(atMs) ? whole : `${head}'${formatLocalTime(new Date(atMs).toISOString() as never)}'`
    },
  )
  const end = local.endsWith('\n') ? '' : '\n'
  if (tablespaces.length === 0) return local + end
  const map = tablespaces.map(({ oid, path }) => `${oid} ${path}`).join('; ')
  return `${local}${end}\ntablespace_map = '${map}'\n`
}

/** What a dead process left is marked in the same word: who reads columns finds as many as ever. */
function statusText({ status, isStale }: BackupRecord): string {
  return isStale ? `${status}${STALE}` : status
}

const STALE = '(stale)'

function duration(backup: BackupRecord, nowMs: number): string {
  const start = secondsFromIso(backup.mergeTime ?? backup.startTime)
  if (backup.status === 'RUNNING') {
    return prettyDuration(Math.floor(nowMs / 1000) - secondsFromIso(backup.startTime))
  }
  return backup.endTime === undefined ? UNKNOWN : prettyDuration(secondsFromIso(backup.endTime) - start)
}

function compressionRatio({ uncompressedBytes = 0, dataBytes = 0 }: BackupRecord): number {
  return uncompressedBytes > 0 && dataBytes > 0 ? uncompressedBytes / dataBytes : 1
}

const COLORS: Readonly<Record<string, number>> = {
  OK: 32,
  DONE: 36,
  RUNNING: 36,
  MERGING: 36,
  MERGED: 36,
  DELETING: 33,
  ORPHAN: 33,
  ERROR: 31,
  CORRUPT: 31,
  UNKNOWN: 31,
}

function paint(title: string, text: string): string {
  const isStale = title === 'Status' && text.endsWith(STALE)
  const color = isStale
    ? COLORS['ERROR']
    : title === 'Status'
      ? COLORS[text]
      : title === 'Mode' && text === 'FULL'
        ? 1
        : undefined
  return color === undefined ? text : `\x1b[${color}m${text}\x1b[0m`
}
