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
  useTable,
  type ExpandedState,
} from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { formatBytes, formatDuration, formatTime } from '../../lib/format.ts'
import { type Say, useTexts } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import { useStore } from '../../lib/stores.ts'
import { StatusMark } from '../../ui/status-mark.tsx'
import { statusWord } from './backup-state.ts'

/** A FULL with its increments below it, or one increment. */
type TreeRow = BackupRecord & { readonly children?: readonly TreeRow[] }

const features = tableFeatures({
  rowSortingFeature,
  rowExpandingFeature,
  columnSizingFeature,
  sortedRowModel: createSortedRowModel(),
  expandedRowModel: createExpandedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
})
const helper = createColumnHelper<typeof features, TreeRow>()

const ROW_PX = 28

/**
 * The backups as a tree, every FULL with what hangs on it, or flat. The equal twin of the picture, and quick with ten
 * thousand rows.
 */
export const BackupTable = memo(function BackupTable(props: {
  readonly backups: readonly BackupRecord[]
  readonly selectedId: string | undefined
  readonly onSelect: (id: string) => void
  /** A key that means something for the backup that is selected. */
  readonly onKey: (event: KeyboardEvent) => void
  readonly isFlat: boolean
  /** Said where nothing is left to be shown. */
  readonly none: ReactNode
}) {
  const { backups, selectedId, onSelect, onKey, isFlat } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const data = useMemo(() => (isFlat ? backups : toTree(backups)), [backups, isFlat])
  const columns = useMemo(() => columnsOf(say, zone), [say, zone])
  const [expanded, setExpanded] = useState<ExpandedState>(true)
  const table = useTable(
    {
      features,
      data: data as TreeRow[],
      columns,
      getRowId: (row) => row.id,
      getSubRows: (row) => row.children as TreeRow[] | undefined,
      state: { expanded },
      onExpandedChange: setExpanded,
      // A change of the catalog or of the filter must not fold up what was open.
      autoResetExpanded: false,
    },
    (state) => ({ sorting: state.sorting, expanded: state.expanded }),
  )
  const box = useRef<HTMLDivElement>(null)
  const rows = table.getRowModel().rows
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 12,
    // The head stays in place above the rows, and what is scrolled to must not hide below it.
    scrollMargin: ROW_PX,
    scrollPaddingStart: ROW_PX,
  })
  const selectedIndex = rows.findIndex(({ id }) => id === selectedId)
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex)
  }, [selectedIndex, virtual])

  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[selectedIndex]
    const go = (index: number): void => {
      const next = rows[Math.min(rows.length - 1, Math.max(0, index))]
      if (next !== undefined) onSelect(next.id)
      event.preventDefault()
    }
    switch (event.key) {
      case 'ArrowDown':
        return go(selectedIndex + 1)
      case 'ArrowUp':
        return go(selectedIndex - 1)
      case 'PageDown':
        return go(selectedIndex + 15)
      case 'PageUp':
        return go(selectedIndex - 15)
      case 'Home':
        return go(0)
      case 'End':
        return go(rows.length - 1)
      case 'ArrowRight':
        if (row?.getCanExpand() === true && !row.getIsExpanded()) row.toggleExpanded(true)
        return event.preventDefault()
      case 'ArrowLeft':
        if (row?.getCanExpand() === true && row.getIsExpanded()) row.toggleExpanded(false)
        return event.preventDefault()
      default:
        if (!event.ctrlKey && !event.metaKey && !event.altKey) onKey(event)
    }
  }

  const width = table.getAllLeafColumns().reduce((sum, column) => sum + column.getSize(), 0)
  return (
    <div
      ref={box}
      className="backup-table"
      role="treegrid"
      aria-label={say('table.name')}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onKeyDown={onKeyDown}
      data-region
    >
      <div role="row" className="table-head" style={{ width }}>
        {table.getFlatHeaders().map((header) => {
          const sorted = header.column.getIsSorted()
          return (
            <div
              key={header.id}
              role="columnheader"
              aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
              style={{ width: header.column.getSize() }}
            >
              <button type="button" onClick={header.column.getToggleSortingHandler()}>
                {String(header.column.columnDef.header)}
                {sorted === 'asc' ? ' ▲' : sorted === 'desc' ? ' ▼' : ''}
              </button>
            </div>
          )
        })}
      </div>
      {rows.length === 0 ? <div className="none">{props.none}</div> : null}
      <div style={{ height: virtual.getTotalSize(), width, position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index]
          if (row === undefined) return null
          return (
            <div
              key={row.id}
              role="row"
              aria-level={row.depth + 1}
              aria-rowindex={item.index + 2}
              aria-selected={row.id === selectedId}
              aria-expanded={row.getCanExpand() ? row.getIsExpanded() : undefined}
              className="table-row"
              style={{ transform: `translateY(${item.start - ROW_PX}px)`, width }}
              onClick={() => onSelect(row.id)}
            >
              {row.getAllCells().map((cell, index) => (
                <div
                  key={cell.id}
                  role="gridcell"
                  style={{ width: cell.column.getSize() }}
                  className={`cell-${cell.column.id}`}
                >
                  {index > 0 ? null : (
                    <span className="twist" style={{ marginLeft: row.depth * 16 }}>
                      {row.getCanExpand() ? (
                        <button
                          type="button"
                          tabIndex={-1}
                          aria-hidden="true"
                          onClick={(event) => {
                            event.stopPropagation()
                            row.toggleExpanded()
                          }}
                        >
                          {row.getIsExpanded() ? '▾' : '▸'}
                        </button>
                      ) : null}
                    </span>
                  )}
                  <table.FlexRender cell={cell} />
                </div>
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
})

function columnsOf(say: Say, zone: string) {
  const seconds = ({ startTime, endTime, mergeTime }: BackupRecord): number | undefined =>
    endTime === undefined ? undefined : (Date.parse(endTime) - Date.parse(mergeTime ?? startTime)) / 1000
  return helper.columns([
    helper.accessor('id', { header: say('table.id'), size: 150, sortFn: 'alphanumeric' }),
    helper.accessor((row) => row.recoveryTime ?? row.startTime, {
      id: 'time',
      header: say('table.time'),
      size: 215,
      sortFn: 'basic',
      cell: ({ row }) => formatTime(row.original.recoveryTime ?? row.original.startTime, zone),
    }),
    helper.accessor('mode', { header: say('table.mode'), size: 76, sortFn: 'alphanumeric' }),
    helper.accessor('status', {
      header: say('table.status'),
      size: 124,
      sortFn: 'alphanumeric',
      cell: ({ row }) => (
        <StatusMark
          status={row.original.status}
          isStale={statusWord(row.original) === 'STALE'}
          word={say(`status.${statusWord(row.original)}` as TextKey)}
        />
      ),
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
      size: 96,
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
      size: 112,
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
function toTree(backups: readonly BackupRecord[]): readonly TreeRow[] {
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
