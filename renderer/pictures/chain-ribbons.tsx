import { scaleTime } from 'd3-scale'
import { type KeyboardEvent, type MouseEvent, type PointerEvent, useMemo, useRef, useState } from 'react'
import { type ChainBackup, chainsFrom, layOutChains, type Mark } from './chain-layout.ts'
import { ChainMinimap, MINIMAP_PX, type MinimapTexts } from './chain-minimap.tsx'
import {
  ChainRowShape,
  isFitting,
  markAt,
  markBox,
  PLOT_CLIP,
  rowHeight,
  type RowTexts,
} from './chain-row.tsx'
import { farApart } from './fit-text.ts'
import type { TimeRange } from './time-range.ts'
import { useChainRange } from './use-chain-range.ts'
import { useWheel } from './use-wheel.ts'
import { useWidth } from './use-width.ts'
import './chain-ribbons.css'

/** What the picture says; the screen gives it in the language that is set. */
export type RibbonTexts = RowTexts &
  MinimapTexts & {
    readonly title: string
    readonly summary: string
    readonly now: string
    readonly legend: string
    /** A moment of the axis, when the next is so far away. */
    readonly tick: (ms: number, stepMs: number) => string
    readonly older: (count: number, bytes: number, pinned: number) => string
    readonly showAll: string
    readonly showNewest: string
    /** Said when the keys come to a mark. */
    readonly walked: (mark: Mark, index: number, total: number) => string
  }

const LABEL_PX = 210
const RIGHT_PX = 18
const TOP_PX = 10
const HEAD_PX = 20
const HEADS_PX = MINIMAP_PX + HEAD_PX
const TIP_BELOW_PX = 42
/** So near to the word for now no other moment is written. */
const NOW_ROOM_PX = 44
/** A date of the axis needs so much, in Chinese too. */
const TICK_PX = 58
/** A pointer that moved less than this has clicked. */
const CLICK_PX = 3
/** One click of a usual wheel. */
const WHEEL_STEP = 100
const LINE_PX = 16

/**
 * Chains as ribbons: one row for each FULL, time to the right, problems in colour, and the whole history above. The wheel
 * zooms, a drag moves, a double-click fits a row, keys walk. `range` is what is shown; undefined shows the newest chains.
 */
export function ChainRibbons(props: {
  readonly backups: readonly ChainBackup[]
  /** Those that stand out, by id: chains without any are left out. Undefined: all. */
  readonly fitting: ReadonlySet<string> | undefined
  readonly nowMs: number
  /** Where the keys are. */
  readonly selectedId: string | undefined
  /** Everything that is selected. */
  readonly selectedIds: ReadonlySet<string>
  /** `held` has the keys that were held down while it was clicked on; undefined for the keys themselves. */
  readonly onSelect: (id: string, held: MouseEvent | undefined) => void
  readonly range: TimeRange | undefined
  readonly onRange: (range: TimeRange | undefined) => void
  /** A key that means something for the backup that is selected. */
  readonly onKey: (event: KeyboardEvent) => void
  readonly onSpeak: (text: string) => void
  readonly texts: RibbonTexts
}) {
  const { backups, fitting, nowMs, selectedId, selectedIds, onSelect, range, onRange, texts } = props
  const [frame, width] = useWidth(420)
  const [isUnfolded, setUnfolded] = useState(false)
  const [hovered, setHovered] = useState<{ readonly mark: Mark; readonly top: number } | undefined>(undefined)
  const drag = useRef<{ readonly x: number; readonly range: TimeRange } | undefined>(undefined)
  const hasDragged = useRef(false)

  const all = useMemo(() => chainsFrom(backups), [backups])
  const chains = useMemo(
    () =>
      fitting === undefined
        ? all
        : all.filter(({ backups: members }) => members.some(({ id }) => fitting.has(id))),
    [all, fitting],
  )
  const right = width - RIGHT_PX
  const { whole, shown, drawn, toX, zoom, pan, fit } = useChainRange({
    chains,
    nowMs,
    selectedId,
    isUnfolded,
    range,
    onRange,
    left: LABEL_PX,
    right,
  })
  const place = useMemo(() => ({ left: LABEL_PX, right }), [right])
  const rows = useMemo(
    () => layOutChains(drawn.shown, toX, selectedId, [LABEL_PX - 6, right + 6]),
    [drawn, toX, selectedId, right],
  )
  const tops: number[] = []
  let bottom = TOP_PX
  for (const row of rows) {
    tops.push(bottom)
    bottom += rowHeight(row)
  }

  const svg = useRef<SVGSVGElement>(null)
  const onWheel = (event: WheelEvent): void => {
    const x = event.clientX - (svg.current?.getBoundingClientRect().left ?? 0)
    // Beside the plot the wheel scrolls, as it does everywhere.
    if (x < LABEL_PX) return
    event.preventDefault()
    setHovered(undefined)
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1
    const [across, down] = [event.deltaX * unit, event.deltaY * unit]
    if (event.shiftKey || Math.abs(across) > Math.abs(down)) pan(across === 0 ? down : across, shown)
    else zoom(1.25 ** Math.min(2, Math.max(-2, down / WHEEL_STEP)), x)
  }
  useWheel(svg, onWheel)

  const markUnder = (event: MouseEvent): { readonly mark: Mark; readonly top: number } | undefined => {
    const box = svg.current?.getBoundingClientRect()
    const [x, y] = [event.clientX - (box?.left ?? 0), event.clientY - (box?.top ?? 0)]
    const index = tops.findLastIndex((top) => top <= y)
    const [row, top] = [rows[index], tops[index]]
    if (row === undefined || top === undefined) return undefined
    const mark = markAt(row, x, y - top)
    return mark && { mark, top }
  }
  const onPointerMove = (event: PointerEvent<SVGSVGElement>): void => {
    const at = drag.current
    if (at === undefined) {
      const under = markUnder(event)
      if (under?.mark !== hovered?.mark) setHovered(under)
      return
    }
    if (!hasDragged.current && Math.abs(event.clientX - at.x) <= CLICK_PX) return
    if (!hasDragged.current) event.currentTarget.setPointerCapture(event.pointerId)
    hasDragged.current = true
    setHovered(undefined)
    pan(at.x - event.clientX, at.range)
  }
  const onClick = (event: MouseEvent): void => {
    if (hasDragged.current) return
    const id = markUnder(event)?.mark.ids.at(-1)
    if (id !== undefined) onSelect(id, event)
  }
  const onDoubleClick = (event: MouseEvent): void => {
    const y = event.clientY - (svg.current?.getBoundingClientRect().top ?? 0)
    fit(rows[tops.findLastIndex((top) => top <= y)])
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
    const middle = (LABEL_PX + right) / 2
    if (step !== undefined) walk(step)
    else if (event.key === '+' || event.key === 'PageUp') zoom(0.7, middle)
    else if (event.key === '-' || event.key === 'PageDown') zoom(1.4, middle)
    else if (event.key === '0') onRange(undefined)
    else if (event.key === 'f')
      fit(rows.find(({ backups: members }) => members.some(({ id }) => id === selectedId)))
    else return props.onKey(event)
    event.preventDefault()
  }
  const walk = (step: number): void => {
    const order = rows.flatMap(({ marks }) => marks).filter((mark) => isFitting(mark, fitting))
    const at = order.findIndex(({ ids }) => selectedId !== undefined && ids.includes(selectedId))
    const index = Math.min(order.length - 1, Math.max(0, at + step))
    const next = order[index]
    const id = next?.ids[step > 0 ? 0 : next.ids.length - 1]
    if (next === undefined || id === undefined) return
    onSelect(id, undefined)
    props.onSpeak(texts.walked(next, index + 1, order.length))
  }

  const nowX = toX(nowMs)
  const isNowShown = nowX >= LABEL_PX && nowX <= right + 4
  const ticks = useMemo(
    () =>
      scaleTime([new Date(shown[0]), new Date(shown[1])], [LABEL_PX, right])
        .ticks(Math.max(3, Math.floor((right - LABEL_PX) / 110)))
        .map((tick) => tick.getTime()),
    [shown, right],
  )
  const named = ticks.filter((ms) => !isNowShown || Math.abs(toX(ms) - nowX) > NOW_ROOM_PX)
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
      <div className="ribbon-head">
        <ChainMinimap
          chains={chains}
          whole={whole}
          shown={shown}
          left={LABEL_PX}
          right={right}
          onRange={onRange}
          texts={texts}
        />
        <svg width={width} height={HEAD_PX} aria-hidden="true">
          {farApart(named, toX, TICK_PX).map((ms) => (
            <text key={ms} className="tick" x={toX(ms)} y={14} textAnchor="middle">
              {texts.tick(ms, (ticks[1] ?? Infinity) - (ticks[0] ?? 0))}
            </text>
          ))}
          {isNowShown ? (
            <text className="tick now" x={nowX} y={14} textAnchor="middle">
              {texts.now}
            </text>
          ) : null}
        </svg>
      </div>
      <svg
        ref={svg}
        className={range === undefined ? 'rows' : 'rows can-move'}
        width={width}
        height={bottom}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
        onPointerDown={(event) => {
          hasDragged.current = false
          if (event.button === 0) drag.current = { x: event.clientX, range: shown }
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => (drag.current = undefined)}
        onPointerCancel={() => (drag.current = undefined)}
        onPointerLeave={() => {
          if (!hasDragged.current) drag.current = undefined
          setHovered(undefined)
        }}
      >
        <defs>
          <clipPath id={PLOT_CLIP}>
            <rect x={LABEL_PX - 6} y={-20} width={right - LABEL_PX + 12} height={400} />
          </clipPath>
          <pattern
            id="ribbon-hatch"
            width="5"
            height="5"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="5" height="5" fill="var(--look-soft)" />
            <line y2="5" stroke="var(--look)" strokeWidth="2.4" />
          </pattern>
        </defs>
        {ticks.map((ms) => (
          <line key={ms} className="grid" x1={toX(ms)} x2={toX(ms)} y2={bottom} />
        ))}
        {isNowShown ? <line className="now" x1={nowX} x2={nowX} y2={bottom} /> : null}
        {rows.map((row, at) => (
          <ChainRowShape
            key={row.fullId ?? 'broken'}
            row={row}
            top={tops[at] ?? 0}
            selectedId={selectedId}
            selectedIds={selectedIds}
            toX={toX}
            frame={place}
            texts={texts}
            fitting={fitting}
          />
        ))}
        {hovered === undefined ? null : (
          <g transform={`translate(0,${hovered.top})`}>
            <rect className="hover" {...markBox(hovered.mark)} rx="2" />
          </g>
        )}
      </svg>
      {hovered === undefined ? null : (
        <div
          className="ribbon-tip"
          aria-hidden="true"
          style={{
            ...(hovered.mark.x > width / 2 ? { right: width - hovered.mark.x } : { left: hovered.mark.x }),
            top: HEADS_PX + hovered.top + TIP_BELOW_PX,
          }}
        >
          {texts.mark(hovered.mark)}
        </div>
      )}
      {drawn.olderCount === 0 && !isUnfolded ? null : (
        <p className="older">
          {drawn.olderCount === 0 ? null : texts.older(drawn.olderCount, drawn.olderBytes, drawn.olderPinned)}{' '}
          <button type="button" className="button small" onClick={() => setUnfolded(!isUnfolded)}>
            {isUnfolded ? texts.showNewest : texts.showAll}
          </button>
        </p>
      )}
      <p className="legend">{texts.legend}</p>
    </div>
  )
}
