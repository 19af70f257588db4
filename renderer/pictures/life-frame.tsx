import type { KeyboardEvent, RefObject } from 'react'
import { placeBandName } from './life-band.ts'
import type { LifeTexts } from './life-texts.ts'
import { LIFE_LABEL_PX as LABEL_PX } from './life-wal.tsx'

/** Room for the dates below the lines. */
export const AXIS_PX = 20
/** So near to the middle of the handle a date of the axis would be covered, in part. */
const HANDLE_NOW_PX = 42
const HANDLE_DAY_PX = 84

/** What lies behind the lines: the window that is promised as of a day, and the dates. */
export function LifeBack(props: {
  readonly width: number
  /** Where the lines end. */
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly toX: (ms: number) => number
  readonly ticks: readonly number[]
  /** The day that is looked at. */
  readonly asOf: { readonly ms: number; readonly x: number; readonly isNow: boolean }
  /** Where the window begins; undefined without one. */
  readonly windowMs: number | undefined
  readonly nowMs: number
  readonly texts: Pick<LifeTexts, 'band' | 'bandShort' | 'now' | 'tick'>
}) {
  const { width, right, top, bottom, toX, ticks, asOf, windowMs, nowMs, texts } = props
  const bandX = windowMs === undefined ? LABEL_PX : Math.max(LABEL_PX, toX(windowMs))
  const name = placeBandName(
    [texts.band, texts.bandShort],
    { start: bandX, end: asOf.x },
    { x: toX(nowMs), word: texts.now },
    { start: LABEL_PX, end: right },
  )
  return (
    <svg className="life-back" width={width} height={bottom + AXIS_PX} aria-hidden="true">
      {windowMs === undefined || windowMs > asOf.ms ? null : (
        <>
          <rect className="band" x={bandX} y={0} width={Math.max(0, asOf.x - bandX)} height={bottom} />
          {name === undefined ? null : (
            <text className="band-text" x={name.x} y={14}>
              {name.text}
            </text>
          )}
        </>
      )}
      {ticks.map((ms) => (
        <g key={ms}>
          <line className="grid" x1={toX(ms)} x2={toX(ms)} y1={top - 4} y2={bottom} />
          {Math.abs(toX(ms) - asOf.x) < (asOf.isNow ? HANDLE_NOW_PX : HANDLE_DAY_PX) ? null : (
            <text className="tick" x={toX(ms)} y={bottom + 14} textAnchor="middle">
              {texts.tick(ms)}
            </text>
          )}
        </g>
      ))}
    </svg>
  )
}

/** The end of the line that says as of which day: a slider in days from now. */
export function AsOfHandle(props: {
  readonly ref: RefObject<HTMLDivElement | null>
  readonly x: number
  readonly y: number
  readonly ahead: number
  readonly mostDays: number
  readonly onMove: (days: number) => void
  readonly texts: Pick<LifeTexts, 'handle' | 'handleValue' | 'asOf'>
}) {
  const { ref, x, y, ahead, mostDays, onMove, texts } = props
  const onKey = (event: KeyboardEvent): void => {
    const by = event.shiftKey ? 7 : 1
    const to = {
      ArrowRight: ahead + by,
      ArrowLeft: ahead - by,
      PageUp: ahead + 30,
      PageDown: ahead - 30,
      Home: 0,
      End: mostDays,
    }[event.key]
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    event.stopPropagation()
    onMove(to)
  }
  return (
    <div
      ref={ref}
      role="slider"
      tabIndex={0}
      className="life-handle"
      style={{ left: x, top: y }}
      aria-label={texts.handle}
      aria-valuemin={0}
      aria-valuemax={Math.max(mostDays, ahead)}
      aria-valuenow={ahead}
      aria-valuetext={texts.handleValue}
      onKeyDown={onKey}
    >
      {texts.asOf}
    </div>
  )
}
