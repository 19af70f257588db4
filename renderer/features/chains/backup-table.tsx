import { useTable, type ExpandedState } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { type Choice, choiceOf, type Selection } from './selection.ts'
import {
  columnsOf,
  type Drills,
  tableFeaturesOfBackups as features,
  toTree,
  type TreeRow,
} from './table-columns.tsx'

const ROW_PX = 28
const PAGE_ROWS = 15
/** How far the keys go that only move. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: PAGE_ROWS,
  PageUp: -PAGE_ROWS,
  Home: -Infinity,
  End: Infinity,
}

/**
 * The backups as a tree, every FULL with what hangs on it, or flat. The equal twin of the picture, and quick with ten
 * thousand rows.
 */
export const BackupTable = memo(function BackupTable(props: {
  readonly backups: readonly BackupRecord[]
  readonly drills: Drills
  readonly selection: Selection
  /** `order` is everything that is shown, from top to bottom. */
  readonly onChoose: (id: string, how: Choice, order: readonly string[]) => void
  readonly onAll: (order: readonly string[]) => void
  /** A key that means something for what is selected. */
  readonly onKey: (event: KeyboardEvent) => void
  readonly isFlat: boolean
  /** Said where nothing is left to be shown. */
  readonly none: ReactNode
}) {
  const { backups, drills, selection, onChoose, onKey, isFlat } = props
  const { at, ids } = selection
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const data = useMemo(() => (isFlat ? backups : toTree(backups)), [backups, isFlat])
  const columns = useMemo(() => columnsOf(say, zone, drills), [say, zone, drills])
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
  const index = rows.findIndex(({ id }) => id === at)
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index)
  }, [index, virtual])
  const order = useMemo(() => rows.map(({ id }) => id), [rows])
  const prefix = useId()

  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[index]
    const hasCommand = event.ctrlKey || event.metaKey
    if (event.target !== event.currentTarget || event.altKey) return
    const step = STEPS[event.key]
    if (step !== undefined) {
      const next = order[Math.min(order.length - 1, Math.max(0, index + step))]
      // With Ctrl the keys only go there; Space then takes in or out.
      if (next !== undefined) onChoose(next, hasCommand ? 'move' : choiceOf(event), order)
    } else if (event.key === ' ' && row !== undefined) {
      onChoose(row.id, event.shiftKey ? 'range' : 'toggle', order)
    } else if (event.key.toLowerCase() === 'a' && hasCommand) {
      props.onAll(order)
    } else if (event.key === 'Escape' && row !== undefined && ids.size > 1) {
      onChoose(row.id, 'one', order)
    } else if (event.key === 'ArrowRight') {
      if (row?.getCanExpand() === true && !row.getIsExpanded()) row.toggleExpanded(true)
    } else if (event.key === 'ArrowLeft') {
      if (row?.getCanExpand() === true && row.getIsExpanded()) row.toggleExpanded(false)
      else if (row?.parentId !== undefined) onChoose(row.parentId, choiceOf(event), order)
    } else {
      if (!hasCommand) onKey(event)
      return
    }
    event.preventDefault()
  }

  const width = table.getAllLeafColumns().reduce((sum, column) => sum + column.getSize(), 0)
  return (
    <div
      ref={box}
      className="backup-table"
      role="treegrid"
      aria-label={say('table.name')}
      aria-multiselectable="true"
      aria-rowcount={rows.length + 1}
      aria-activedescendant={
        virtual.getVirtualItems().some((item) => item.index === index) ? `${prefix}${at}` : undefined
      }
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
              className={`cell-${header.id}`}
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
              id={`${prefix}${row.id}`}
              role="row"
              aria-level={row.depth + 1}
              aria-rowindex={item.index + 2}
              aria-selected={ids.has(row.id)}
              aria-expanded={row.getCanExpand() ? row.getIsExpanded() : undefined}
              className={row.id === at ? 'table-row is-current' : 'table-row'}
              style={{ transform: `translateY(${item.start - ROW_PX}px)`, width }}
              onClick={(event) => onChoose(row.id, choiceOf(event), order)}
            >
              {row.getAllCells().map((cell, column) => (
                <div
                  key={cell.id}
                  role="gridcell"
                  style={{ width: cell.column.getSize() }}
                  className={`cell-${cell.column.id}`}
                >
                  {column > 0 ? null : (
                    <span className="twist" style={{ marginLeft: row.depth * 16 }}>
                      {row.getCanExpand() ? (
                        <button
                          type="button"
                          tabIndex={-1}
                          aria-hidden="true"
                          onClick={(event) => {
                            event.stopPropagation()
                            row.toggleExpanded()
                            // The keys belong to the rows, not to what folds them.
                            box.current?.focus()
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
