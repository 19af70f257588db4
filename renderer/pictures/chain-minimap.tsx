import { type KeyboardEvent, type PointerEvent, useMemo, useRef } from 'react'
import type { Chain } from './chain-layout.ts'
import { COLUMN_PX, minimapColumns } from './minimap-columns.ts'
import { brushRange, moveEdge, moveRange, type TimeRange } from './time-range.ts'

/** What the minimap says. */
export type MinimapTexts = {
  readonly minimap: string
  readonly from: string
  readonly to: string
  readonly moment: (ms: number) => string
  readonly range: (range: TimeRange) => string
}

export const MINIMAP_PX = 26
const BARS_PX = 18
const GRIP_PX = 7
/** A pointer that moved less than this has clicked. */
const CLICK_PX = 3

type Drag = {
  readonly kind: 'from' | 'to' | 'move' | 'new'
  readonly x: number
  readonly atMs: number
  readonly range: TimeRange
}

/**
 * The whole history in one line, with a window on what is shown below: draw a new one, move it, pull at its edges. Each
 * edge is a slider for the keyboard. A double-click shows what is shown without it.
 */
export function ChainMinimap(props: {
  readonly chains: readonly Chain[]
  readonly whole: TimeRange
  readonly shown: TimeRange
  readonly left: number
  readonly right: number
  readonly onRange: (range: TimeRange | undefined) => void
  readonly texts: MinimapTexts
}) {
  const { chains, whole, shown, left, right, onRange, texts } = props
  const drag = useRef<Drag | undefined>(undefined)
  const perMs = (right - left) / (whole[1] - whole[0])
  const toX = (ms: number): number => left + (ms - whole[0]) * perMs
  const toMs = (x: number): number => whole[0] + (x - left) / perMs
  const bars = useMemo(() => {
    const columns = minimapColumns(chains, (ms) => left + (ms - whole[0]) * perMs)
    return (['calm', 'look', 'broken'] as const).map((tone) => {
      const path = columns
        .filter((column) => column.tone === tone)
        .map(({ x, height }) => {
          const tall = tone === 'calm' ? Math.max(2, height * BARS_PX) : BARS_PX
          return `M${x} ${BARS_PX + 4}v${-tall.toFixed(1)}h${COLUMN_PX}v${tall.toFixed(1)}Z`
        })
        .join('')
      return [tone, path] as const
    })
  }, [chains, whole, left, perMs])
  const fromX = toX(shown[0])
  const toXEnd = toX(shown[1])
  const xOf = (event: PointerEvent): number =>
    event.clientX - event.currentTarget.getBoundingClientRect().left

  const onPointerDown = (event: PointerEvent<SVGGElement>): void => {
    const x = event.clientX - (event.currentTarget.ownerSVGElement?.getBoundingClientRect().left ?? 0)
    // Inside of the window, near an edge, a narrow one would have nothing left to be moved by.
    const inner = Math.min(GRIP_PX, (toXEnd - fromX) / 4)
    const kind =
      x >= fromX - GRIP_PX && x <= fromX + inner
        ? 'from'
        : x >= toXEnd - inner && x <= toXEnd + GRIP_PX
          ? 'to'
          : x > fromX && x < toXEnd && toXEnd - fromX < right - left - 1
            ? 'move'
            : 'new'
    drag.current = { kind, x, atMs: toMs(x), range: shown }
    event.currentTarget.ownerSVGElement?.setPointerCapture(event.pointerId)
  }
  const onPointerMove = (event: PointerEvent): void => {
    const at = drag.current
    if (at === undefined) return
    const x = xOf(event)
    if (at.kind === 'new') {
      if (Math.abs(x - at.x) > CLICK_PX) onRange(brushRange(whole, at.atMs, toMs(x)))
    } else if (at.kind === 'move') onRange(moveRange(at.range, whole, toMs(x) - at.atMs))
    else onRange(moveEdge(at.range, whole, at.kind, toMs(x)))
  }
  const slider = (edge: 'from' | 'to') => {
    const at = edge === 'from' ? shown[0] : shown[1]
    const go = (ms: number): void => onRange(moveEdge(shown, whole, edge, ms))
    const step = (whole[1] - whole[0]) / 100
    const onKeyDown = (event: KeyboardEvent): void => {
      const moves: Readonly<Record<string, () => void>> = {
        ArrowLeft: () => go(at - step),
        ArrowDown: () => go(at - step),
        ArrowRight: () => go(at + step),
        ArrowUp: () => go(at + step),
        // Both edges at once: the window moves.
        PageUp: () => onRange(moveRange(shown, whole, (shown[1] - shown[0]) / 2)),
        PageDown: () => onRange(moveRange(shown, whole, (shown[0] - shown[1]) / 2)),
        Home: () => go(whole[0]),
        End: () => go(whole[1]),
        Escape: () => onRange(undefined),
      }
      const move = moves[event.key]
      if (move === undefined) return
      move()
      event.preventDefault()
      event.stopPropagation()
    }
    return (
      <rect
        className="grip"
        role="slider"
        tabIndex={0}
        aria-label={edge === 'from' ? texts.from : texts.to}
        aria-valuemin={Math.round(edge === 'from' ? whole[0] : shown[0])}
        aria-valuemax={Math.round(edge === 'from' ? shown[1] : whole[1])}
        aria-valuenow={Math.round(at)}
        aria-valuetext={texts.moment(at)}
        x={toX(at) - 2.5}
        y={5}
        width={5}
        height={MINIMAP_PX - 8}
        rx={2}
        onKeyDown={onKeyDown}
      />
    )
  }
  return (
    <svg
      className="minimap"
      width={right + 18}
      height={MINIMAP_PX}
      role="group"
      aria-label={texts.minimap}
      onPointerMove={onPointerMove}
      onPointerUp={() => (drag.current = undefined)}
      onPointerCancel={() => (drag.current = undefined)}
      onDoubleClick={() => onRange(undefined)}
    >
      <text className="row-line" x={4} y={BARS_PX}>
        {texts.range(shown)}
      </text>
      <g onPointerDown={onPointerDown}>
        <rect className="ground" x={left} y={2} width={right - left} height={MINIMAP_PX - 2} rx={3} />
        {bars.map(([tone, path]) => (
          <path key={tone} className={`bars ${tone}`} d={path} />
        ))}
        <rect
          className="window"
          x={fromX}
          y={2}
          width={Math.max(2, toXEnd - fromX)}
          height={MINIMAP_PX - 2}
          rx={3}
        />
        {slider('from')}
        {slider('to')}
      </g>
    </svg>
  )
}
