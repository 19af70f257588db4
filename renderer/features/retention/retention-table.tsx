import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useEffect, useId, useRef } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { type IsoTime, isoFromSeconds } from '../../../engine/base/iso-time.ts'
import type { BackupFate, RetentionVerdict } from '../../../engine/base/retention.ts'
import type { RetentionReason } from '../../../engine/base/retention-reasons.ts'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { dayOf, sayReason } from './retention-texts.ts'

const ROW_PX = 28
const PAGE_ROWS = 15
const COLUMNS = ['backup', 'mode', 'verdict', 'until', 'why', 'time', 'size'] as const

/** To the minute, so that all columns fit; the line below the table tells the whole time. */
function minuteOf(time: IsoTime, zone: string): string {
  return formatTime(time, zone).slice(0, 'YYYY-MM-DD HH:MM'.length)
}

/** The picture as a table: every backup with its verdict as of the day that is looked at, the reason, and its last day. */
export function RetentionTable(props: {
  readonly fates: readonly BackupFate[]
  /** Those that are to come are not among them. */
  readonly backups: ReadonlyMap<string, BackupRecord>
  readonly bytes: ReadonlyMap<string, number>
  readonly judge: (fate: BackupFate) => {
    readonly verdict: RetentionVerdict
    readonly reason: RetentionReason
  }
  readonly nowMs: number
  readonly current: string | undefined
  readonly onCurrent: (id: string | undefined) => void
  readonly onKey: (event: KeyboardEvent) => void
}) {
  const { fates, backups, bytes, judge, nowMs, current, onCurrent } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const box = useRef<HTMLDivElement>(null)
  const prefix = useId()
  const virtual = useVirtualizer({
    count: fates.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
    scrollMargin: ROW_PX,
    scrollPaddingStart: ROW_PX,
  })
  const at = fates.findIndex(({ backup }) => backup.id === current)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
  }, [at, virtual])
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = fates.length - 1
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + PAGE_ROWS,
      PageUp: at - PAGE_ROWS,
      Home: 0,
      End: last,
    }[event.key]
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return props.onKey(event)
    event.preventDefault()
    onCurrent(fates[Math.min(last, Math.max(0, to))]?.backup.id)
  }
  const until = ({ goesAt }: BackupFate): string => {
    if (goesAt === Number.POSITIVE_INFINITY) return say('retention.for-ever')
    return goesAt * 1000 <= nowMs ? say('retention.overdue') : dayOf(goesAt * 1000, zone)
  }
  return (
    <div
      ref={box}
      className="retention-table"
      role="grid"
      aria-label={say('retention.lines')}
      aria-rowcount={fates.length + 1}
      aria-activedescendant={
        virtual.getVirtualItems().some(({ index }) => index === at) ? `${prefix}${current}` : undefined
      }
      tabIndex={0}
      onKeyDown={onKeyDown}
      data-region
    >
      <div role="row" className="retention-row retention-head" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <span key={column} role="columnheader">
            {say(`retention.column-${column}`)}
          </span>
        ))}
      </div>
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const fate = fates[index]
          if (fate === undefined) return null
          const { id, mode, startSeconds } = fate.backup
          const { verdict, reason } = judge(fate)
          const record = backups.get(id)
          return (
            <div
              key={id}
              id={`${prefix}${id}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={id === current}
              className={id === current ? 'retention-row is-current' : 'retention-row'}
              style={{ transform: `translateY(${start - ROW_PX}px)` }}
              onClick={() => onCurrent(id)}
            >
              <span role="gridcell" className="mono">
                {record === undefined ? '—' : id}
              </span>
              <span
                role="gridcell"
                title={record === undefined ? say('retention.mode-future', { mode }) : undefined}
              >
                {record === undefined ? '≈ ' : ''}
                {mode}
              </span>
              <span role="gridcell" className={verdict === 'will-go' ? 'status broken' : undefined}>
                {verdict === 'will-go' ? '✕ ' : ''}
                {say(`verdict.${verdict}`)}
              </span>
              <span role="gridcell" className="numbers">
                {until(fate)}
              </span>
              <span role="gridcell" className="why">
                {sayReason(say, reason, zone, record?.note)}
              </span>
              <span role="gridcell" className="numbers">
                {minuteOf(record?.recoveryTime ?? record?.startTime ?? isoFromSeconds(startSeconds), zone)}
              </span>
              <span role="gridcell" className="numbers">
                {formatBytes(bytes.get(id))}
              </span>
            </div>
          )
        })}
      </div>
    </div>
  )
}
