import { scaleTime } from 'd3-scale'
import { area } from 'd3-shape'
import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState, type WheelEvent } from 'react'
import { lookOf } from '../ui/status-mark.tsx'
import {
  type ChainBackup,
  type ChainRow,
  layOutChains,
  newestChains,
  MARK_PX,
  type Mark,
  WEIGHT_PX,
} from './chain-layout.ts'
import { useWidth } from './use-width.ts'
import './chain-ribbons.css'

/** What the picture says; the screen gives it in the language that is set. */
export type RibbonTexts = {
  readonly title: string
  readonly summary: string
  readonly now: string
  readonly legend: string
  readonly rowTitle: (row: ChainRow) => string
  readonly rowLines: (row: ChainRow) => readonly { readonly text: string; readonly isWarning: boolean }[]
  readonly mark: (mark: Mark, index: number, total: number) => string
  readonly tick: (ms: number, spanMs: number) => string
  readonly older: (count: number, bytes: number) => string
  readonly showAll: string
  readonly running: (backup: ChainBackup) => string
  readonly size: (backup: ChainBackup) => string
  readonly orphans: (row: ChainRow) => string | undefined
}

const LABEL_PX = 210
const RIGHT_PX = 18
const TOP_PX = 22
const LANE_PX = 20
const ROW_GAP_PX = 14
const MOST_ROWS = 12
/** From here on a mark is a node with the letter of its mode, and then with its name as well. */
const NODE_ROOM_PX = 24
const LABEL_ROOM_PX = 110
const MIN_SPAN_MS = 60_000
const SMALLEST_PAST_MS = 600_000

/** Chains as ribbons: one row for each FULL, time to the right, problems in colour. Wheel zooms, drag moves, keys walk. */
export function ChainRibbons(props: {
  readonly backups: readonly ChainBackup[]
  readonly nowMs: number
  readonly selectedId: string | undefined
  readonly onSelect: (id: string) => void
  readonly texts: RibbonTexts
}) {
  const { backups, nowMs, selectedId, onSelect, texts } = props
  const [frame, width] = useWidth(520)
  const [isWhole, setWhole] = useState(false)
  const {
    shown: drawn,
    olderCount,
    olderBytes,
  } = useMemo(
    () => newestChains(backups, isWhole ? Infinity : MOST_ROWS, selectedId),
    [backups, isWhole, selectedId],
  )
  const full = useMemo(() => spanOf(drawn, nowMs), [drawn, nowMs])
  const [span, setSpan] = useState(full)
  const [isZoomed, setZoomed] = useState(false)
  const shown = isZoomed ? span : full
  const drag = useRef<{ readonly x: number; readonly span: readonly [number, number] } | undefined>(undefined)

  const right = width - RIGHT_PX
  const scale = useMemo(
    () => scaleTime([new Date(shown[0]), new Date(shown[1])], [LABEL_PX, right]),
    [shown, right],
  )
  const visible = useMemo(
    () => layOutChains(drawn, (ms) => scale(new Date(ms)), selectedId),
    [drawn, scale, selectedId],
  )
  const tops: number[] = []
  let bottom = TOP_PX
  for (const row of visible) {
    tops.push(bottom)
    bottom += MARK_PX + (row.laneCount - 1) * LANE_PX + WEIGHT_PX + ROW_GAP_PX + 8
  }
  const axisY = bottom + 4
  const total = visible.reduce((sum, row) => sum + row.marks.length, 0)
  const order = visible.flatMap((row) => row.marks).filter(isIn)

  function isIn({ x }: Mark): boolean {
    return x >= LABEL_PX - 14 && x <= right + 6
  }

  const zoom = (factor: number, atX: number): void => {
    const at = scale.invert(atX).getTime()
    const from = at - (at - shown[0]) * factor
    const to = at + (shown[1] - at) * factor
    if (to - from < MIN_SPAN_MS) return
    const next: readonly [number, number] = [Math.max(full[0], from), Math.min(full[1], to)]
    setZoomed(next[0] > full[0] || next[1] < full[1])
    setSpan(next)
  }
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.altKey && Math.abs(event.deltaY) < Math.abs(event.deltaX)) return
    zoom(event.deltaY > 0 ? 1.25 : 0.8, event.clientX - event.currentTarget.getBoundingClientRect().left)
  }
  const onMove = (event: PointerEvent): void => {
    if (drag.current === undefined) return
    const perPx = (drag.current.span[1] - drag.current.span[0]) / (right - LABEL_PX)
    const shift = (drag.current.x - event.clientX) * perPx
    const bounded = Math.min(full[1] - drag.current.span[1], Math.max(full[0] - drag.current.span[0], shift))
    setSpan([drag.current.span[0] + bounded, drag.current.span[1] + bounded])
  }
  const onKey = (event: KeyboardEvent): void => {
    const index = order.findIndex(({ ids }) => selectedId !== undefined && ids.includes(selectedId))
    const step =
      event.key === 'ArrowRight' || event.key === 'ArrowDown'
        ? 1
        : event.key === 'ArrowLeft' || event.key === 'ArrowUp'
          ? -1
          : 0
    if (step !== 0) {
      const next = order[Math.min(order.length - 1, Math.max(0, index + step))]
      const id = next?.ids[step > 0 ? 0 : next.ids.length - 1]
      if (id !== undefined) onSelect(id)
      event.preventDefault()
    } else if (event.key === '+' || event.key === 'PageUp') zoom(0.7, (LABEL_PX + right) / 2)
    else if (event.key === '-' || event.key === 'PageDown') zoom(1.4, (LABEL_PX + right) / 2)
    else if (event.key === '0') setZoomed(false)
  }

  const nowX = scale(new Date(nowMs))
  const ticks = scale.ticks(Math.max(3, Math.floor((right - LABEL_PX) / 110)))
  let index = 0
  return (
    <div
      ref={frame}
      className="ribbons"
      role="group"
      aria-label={texts.title}
      aria-description={texts.summary}
      tabIndex={0}
      onKeyDown={onKey}
    >
      <svg
        width={width}
        height={axisY + 26}
        onWheel={onWheel}
        onDoubleClick={() => setZoomed(false)}
        onPointerDown={(event) => {
          if (isZoomed) drag.current = { x: event.clientX, span: shown }
        }}
        onPointerMove={onMove}
        onPointerUp={() => (drag.current = undefined)}
        onPointerLeave={() => (drag.current = undefined)}
      >
        {ticks.map((tick) => (
          <g key={tick.getTime()} transform={`translate(${scale(tick)},0)`}>
            <line className="grid" y1={TOP_PX - 6} y2={axisY} />
            <text className="tick" y={axisY + 16} textAnchor="middle">
              {texts.tick(tick.getTime(), shown[1] - shown[0])}
            </text>
          </g>
        ))}
        {visible.map((row, at) => (
          <g key={row.fullId ?? 'broken'} transform={`translate(0,${tops[at]})`}>
            <text className="row-title" x={4} y={13}>
              {texts.rowTitle(row)}
            </text>
            {texts.rowLines(row).map(({ text, isWarning }, line) => (
              <text
                key={text}
                className={isWarning ? 'row-line warning' : 'row-line'}
                x={4}
                y={29 + line * 15}
              >
                {text}
              </text>
            ))}
            <Ribbon row={row} scaleX={(ms) => scale(new Date(ms))} left={LABEL_PX} right={right} />
            {row.marks.filter(isIn).map((mark) => (
              <MarkShape
                key={mark.ids[0]}
                mark={mark}
                isSelected={selectedId !== undefined && mark.ids.includes(selectedId)}
                label={texts.mark(mark, ++index, total)}
                size={texts.size(mark.worst)}
                note={
                  mark.worst.status === 'RUNNING' && !mark.worst.isStale
                    ? texts.running(mark.worst)
                    : undefined
                }
                onSelect={() => onSelect(mark.ids.at(-1) ?? '')}
              />
            ))}
            <Orphans row={row} text={texts.orphans(row)} />
          </g>
        ))}
        {nowX >= LABEL_PX && nowX <= right + 4 ? (
          <g className="now" transform={`translate(${nowX},0)`}>
            <line y1={8} y2={axisY} />
            <text x={-4} y={12} textAnchor="end">
              {texts.now}
            </text>
          </g>
        ) : null}
      </svg>
      {olderCount === 0 ? null : (
        <p className="older">
          {texts.older(olderCount, olderBytes)}{' '}
          <button type="button" className="button small" onClick={() => setWhole(true)}>
            {texts.showAll}
          </button>
        </p>
      )}
      <p className="legend">{texts.legend}</p>
    </div>
  )
}

function Ribbon(props: {
  readonly row: ChainRow
  readonly scaleX: (ms: number) => number
  readonly left: number
  readonly right: number
}) {
  const { row, scaleX, left, right } = props
  const from = Math.max(left - 4, scaleX(row.firstMs))
  const to = Math.min(right, scaleX(row.lastMs) + 2)
  const clipped = row.weight.filter(([x]) => x >= left - 4 && x <= right + 2)
  const base = MARK_PX + (row.laneCount - 1) * LANE_PX + 4
  const shape = area<readonly [number, number]>()
    .x(([x]) => x)
    .y0(base + WEIGHT_PX)
    .y1(([, height]) => base + WEIGHT_PX - height)
  return (
    <g aria-hidden="true">
      {to > from ? <line className="spine" x1={from} x2={to} y1={MARK_PX} y2={MARK_PX} /> : null}
      {clipped.length > 1 ? <path className="weight" d={shape(clipped) ?? ''} /> : null}
    </g>
  )
}

function MarkShape(props: {
  readonly mark: Mark
  readonly isSelected: boolean
  readonly label: string
  readonly size: string
  readonly note: string | undefined
  readonly onSelect: () => void
}) {
  const { mark, isSelected, label, size, note, onSelect } = props
  const { worst, x, width, height, lane, kind } = mark
  const { shape, tone } = lookOf(worst.status, worst.isStale)
  const base = MARK_PX + lane * LANE_PX
  const classes = ['mark', kind, shape, tone, isSelected ? 'selected' : '']
    .filter((name) => name !== '')
    .join(' ')
  const middle = base - Math.min(height, 12) / 2
  return (
    <g className={classes} onClick={onSelect} role="img" aria-label={label}>
      <title>{label}</title>
      {shape === 'cross' ? (
        <path
          d={`M${x - 5} ${middle - 5}L${x + 5} ${middle + 5}M${x + 5} ${middle - 5}L${x - 5} ${middle + 5}`}
        />
      ) : shape === 'ring' || shape === 'question' ? (
        <path d={`M${x} ${middle - 5}a5 5 0 1 0 .01 0M${x} ${middle - 2.5}v3M${x} ${middle + 2}v.6`} />
      ) : (
        <rect
          x={x - width / 2}
          y={base - height}
          width={width}
          height={height}
          rx={kind === 'full' ? 1.5 : 0}
        />
      )}
      {kind === 'tick' && mark.ids.length === 1 && mark.roomPx >= NODE_ROOM_PX ? (
        <g className="node">
          <circle cx={x} cy={base} r="8" />
          <text x={x} y={base + 3.5} textAnchor="middle">
            {worst.mode === 'PTRACK' ? 'T' : worst.mode.slice(0, 1)}
          </text>
          {mark.roomPx >= LABEL_ROOM_PX ? (
            <text className="node-label" x={x} y={base - Math.max(height, 8) - 5} textAnchor="middle">
              {worst.id} · {size}
            </text>
          ) : null}
        </g>
      ) : null}
      {worst.isPinned ? <path className="pin" d={`M${x - 4} ${base - height - 12}h8l-2 5v4h-4v-4Z`} /> : null}
      {note === undefined ? null : (
        <text className="running-note" x={x - width / 2 - 6} y={base - height + 8} textAnchor="end">
          {note}
        </text>
      )}
      <rect
        className="hit"
        x={x - Math.max(width, 8) / 2}
        y={base - MARK_PX}
        width={Math.max(width, 8)}
        height={MARK_PX}
      />
    </g>
  )
}

/** The sentence beside a branch that cannot be restored. */
function Orphans({ row, text }: { readonly row: ChainRow; readonly text: string | undefined }) {
  const last = row.marks.findLast(({ worst }) => worst.status === 'ORPHAN' || worst.status === 'CORRUPT')
  if (text === undefined || last === undefined) return null
  return (
    <text className="row-line warning" x={last.x + 10} y={MARK_PX + last.lane * LANE_PX + 2}>
      {text}
    </text>
  )
}

/** From a little before the first backup to a little after now, so that nothing sticks to an edge. */
function spanOf(backups: readonly ChainBackup[], nowMs: number): readonly [number, number] {
  const first = backups.reduce((least, { atMs }) => Math.min(least, atMs), nowMs - SMALLEST_PAST_MS)
  // A clock that was wrong leaves backups in the future; they are drawn where they say they are.
  const last = backups.reduce((most, { atMs }) => Math.max(most, atMs), nowMs)
  const margin = Math.max(60_000, (last - first) * 0.03)
  return [first - margin, last + margin * 0.6]
}
