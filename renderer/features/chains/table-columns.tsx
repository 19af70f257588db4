import {
  columnSizingFeature,
  createColumnHelper,
  createExpandedRowModel,
  createSortedRowModel,
  rowExpandingFeature,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
} from '@tanstack/react-table'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { DrillRecord } from '../../../engine/api/contract/drills.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { DrillSignOfDay } from '../../lib/drill-badge.tsx'
import { formatBytes, formatDuration, formatTime } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import { StatusMark } from '../../ui/status-mark.tsx'
import { statusWord } from './backup-state.ts'

/** A FULL with its increments below it, or one increment. */
export type TreeRow = BackupRecord & { readonly children?: readonly TreeRow[] }

/** What the table of backups can do. */
export const tableFeaturesOfBackups = tableFeatures({
  rowSortingFeature,
  rowExpandingFeature,
  columnSizingFeature,
  sortedRowModel: createSortedRowModel(),
  expandedRowModel: createExpandedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
})
const helper = createColumnHelper<typeof tableFeaturesOfBackups, TreeRow>()

/** The newest restore test of each backup, by its id. */
export type Drills = ReadonlyMap<string, DrillRecord>

/** The columns, in the language and the time zone that are set. */
export function columnsOf(say: Say, zone: string, drills: Drills) {
  const seconds = ({ startTime, endTime, mergeTime }: BackupRecord): number | undefined =>
    endTime === undefined ? undefined : (Date.parse(endTime) - Date.parse(mergeTime ?? startTime)) / 1000
  return helper.columns([
    helper.accessor('id', { header: say('table.id'), size: 112, sortFn: 'alphanumeric' }),
    helper.accessor((row) => row.recoveryTime ?? row.startTime, {
      id: 'time',
      header: say('table.time'),
      size: 215,
      sortFn: 'basic',
      cell: ({ row }) => formatTime(row.original.recoveryTime ?? row.original.startTime, zone),
    }),
    helper.accessor('mode', { header: say('table.mode'), size: 72, sortFn: 'alphanumeric' }),
    helper.accessor('status', {
      header: say('table.status'),
      size: 120,
      sortFn: 'alphanumeric',
      cell: ({ row }) => (
        <StatusMark
          status={row.original.status}
          isStale={statusWord(row.original) === 'STALE'}
          word={say(`status.${statusWord(row.original)}` as TextKey)}
        />
      ),
    }),
    helper.accessor((row) => drills.get(row.id)?.startedAt ?? '', {
      id: 'drill',
      header: say('drill.column'),
      size: 136,
      sortFn: 'basic',
      cell: ({ row }) => {
        const drill = drills.get(row.original.id)
        return drill === undefined ? '—' : <DrillSignOfDay drill={drill} />
      },
    }),
    helper.accessor((row) => row.dataBytes ?? 0, {
      id: 'data',
      header: say('table.data'),
      size: 92,
      sortFn: 'basic',
      cell: ({ row }) => formatBytes(row.original.dataBytes),
    }),
    helper.accessor((row) => row.walBytes ?? 0, {
      id: 'wal',
      header: say('table.wal'),
      size: 92,
      sortFn: 'basic',
      cell: ({ row }) => formatBytes(row.original.walBytes),
    }),
    helper.accessor((row) => (row.uncompressedBytes ?? 0) / (row.dataBytes ?? 1), {
      id: 'ratio',
      header: say('table.ratio'),
      size: 70,
      sortFn: 'basic',
      cell: ({ row: { original } }) =>
        original.dataBytes !== undefined && original.dataBytes > 0 && original.uncompressedBytes !== undefined
          ? (original.uncompressedBytes / original.dataBytes).toFixed(2)
          : '—',
    }),
    helper.accessor('timeline', {
      header: say('table.tli'),
      size: 60,
      sortFn: 'basic',
      cell: ({ row: { original } }) => `${original.timeline}/${original.parentTimeline}`,
    }),
    helper.accessor((row) => seconds(row) ?? 0, {
      id: 'duration',
      header: say('table.duration'),
      size: 112,
      sortFn: 'basic',
      cell: ({ row }) => {
        const value = seconds(row.original)
        return value === undefined ? '—' : formatDuration(value)
      },
    }),
    helper.accessor((row) => formatLsn(row.startLsn), {
      id: 'start',
      header: say('table.start'),
      size: 116,
      sortFn: 'alphanumeric',
    }),
    helper.accessor((row) => formatLsn(row.stopLsn), {
      id: 'stop',
      header: say('table.stop'),
      size: 116,
      sortFn: 'alphanumeric',
    }),
    helper.accessor('restoreBytes', {
      id: 'weight',
      header: say('table.weight'),
      size: 128,
      sortFn: 'basic',
      cell: ({ row }) => formatBytes(row.original.restoreBytes),
    }),
    helper.accessor((row) => row.expireTime ?? '', {
      id: 'pin',
      header: say('table.pin'),
      size: 215,
      sortFn: 'basic',
      cell: ({ row }) => formatTime(row.original.expireTime, zone),
    }),
    helper.accessor((row) => row.note ?? '', {
      id: 'note',
      header: say('table.note'),
      size: 220,
      sortFn: 'alphanumeric',
    }),
  ])
}

/** FULLs with all their increments below them, newest first; what lost its FULL stands alone. */
export function toTree(backups: readonly BackupRecord[]): readonly TreeRow[] {
  const known = new Set(backups.map(({ id }) => id))
  const children = Map.groupBy(
    backups.filter(({ id, fullId }) => fullId !== undefined && fullId !== id && known.has(fullId)),
    ({ fullId }) => fullId,
  )
  return backups
    .filter(({ id, fullId }) => fullId === undefined || fullId === id || !known.has(fullId))
    .map((backup) => {
      const below = children.get(backup.id)
      return below === undefined ? backup : { ...backup, children: below }
    })
}
