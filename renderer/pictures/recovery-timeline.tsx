import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from 'react'
import { ActivityStrip, type AccidentMark, type Activity, STRIP_PX } from './recovery-activity.tsx'
import { LANE_CLIP, LaneShape, type LaneTexts } from './recovery-lane-shape.tsx'
import {
  clockTicks,
  type DrillMark,
  type Lane,
  laneAt,
  placeLanes,
  reachEnds,
  roundStep,
  type SafeUntil,
  spanOfLanes,
  tailOf,
} from './recovery-lanes.ts'
import { PathShape, type UsedPath } from './recovery-path.tsx'
import { dragReach, edgeOfReach, nearestReach, roundReach, stepReach } from './recovery-reach.ts'
import { brushRange, isWhole, moveRange, type TimeRange, zoomRange } from './time-range.ts'
import { useWheel } from './use-wheel.ts'
import { useWidth } from './use-width.ts'
import './recovery-timeline.css'

/** A moment on a timeline. */
export type Moment = { readonly timeline: number; readonly ms: number }

export type TimelineTexts = LaneTexts & {
  readonly title: string
  readonly summary: string
  readonly legend: string
  readonly keys: string
  /** The name of the handle, and where it is. */
  readonly handle: string
  readonly valueText: string
  readonly activity: (bucketMs: number) => string
  readonly accident: (accident: AccidentMark) => string
  /** The two lines below a moment of the axis. */
  readonly tick: (ms: number, stepMs: number, isFirst: boolean) => readonly [string, string]
}

const LABEL_PX = 108
const RIGHT_PX = 30
const PATH_PX = 34
const AXIS_PX = 36
const TICK_PX = 68
const STICK_PX = 8
const SHORTEST_MS = 5
const WHEEL_STEP = 100

/**
 * Timelines with what can be restored on them, and a handle that goes only there. A drag on a lane moves the handle, one
 * on the activity above chooses what is shown, one on the axis moves that; ctrl and the wheel zoom.
 */
export function RecoveryTimeline(props: {
  readonly lanes: readonly Lane[]
  readonly nowMs: number
  /** What is known of the end of the archive; undefined: no more than that it ends. */
  readonly safe: SafeUntil | undefined
  /** The clock that is shown, from UTC. */
  readonly offsetMs: number
  readonly activity: Activity | undefined
  readonly accidents: readonly AccidentMark[]
  /** Restore tests, the newest first. */
  readonly drills: readonly DrillMark[]
  readonly chosenAccident: string | undefined
  readonly onAccident: (key: string) => void
  readonly handle: Moment | undefined
  readonly onMove: (to: Moment) => void
  readonly path: UsedPath | undefined
  /** What is shown; undefined: everything. */
  readonly range: TimeRange | undefined
  readonly onRange: (range: TimeRange | undefined) => void
  /** Keys that mean something to the screen. */
  readonly onKey: (event: KeyboardEvent) => void
  readonly texts: TimelineTexts
}) {
  const { lanes, nowMs, activity, handle, path, range, onRange, texts } = props
  const [frame, width] = useWidth(480)
  const svg = useRef<SVGSVGElement>(null)
  const drag = useRef<Drag | undefined>(undefined)
  const [brush, setBrush] = useState<TimeRange | undefined>(undefined)
  const whole = useMemo(
    () => spanOfLanes(lanes, nowMs) ?? ([nowMs - 3_600_000, nowMs] as const),
    [lanes, nowMs],
  )
  const shown = useMemo(() => (range === undefined ? whole : moveRange(range, whole, 0)), [range, whole])
  const right = width - RIGHT_PX
  const perPx = (shown[1] - shown[0]) / (right - LABEL_PX)
  const toX = (ms: number): number => LABEL_PX + (ms - shown[0]) / perPx
  const toMs = (x: number): number => shown[0] + (x - LABEL_PX) * perPx
  const { places, bottom } = placeLanes(lanes, STRIP_PX)
  const axisTop = bottom + PATH_PX
  const tail = tailOf(lanes, nowMs, props.safe)
  const { stepMs, ticks } = clockTicks(shown, Math.floor((right - LABEL_PX) / TICK_PX), props.offsetMs)
  const chosen = places.find(({ lane }) => lane.timeline === handle?.timeline)

  const show = (next: TimeRange): void => onRange(isWhole(next, whole) ? undefined : next)
  const zoom = (factor: number, atMs: number): void =>
    show(zoomRange(shown, whole, factor, atMs, SHORTEST_MS))
  const move = (lane: Lane, ms: number | undefined, isFollowed: boolean): void => {
    if (ms === undefined) return
    props.onMove({ timeline: lane.timeline, ms })
    if (isFollowed && (ms < shown[0] || ms > shown[1]))
      show(moveRange(shown, whole, ms - (shown[0] + shown[1]) / 2))
  }

  const placeOf = (event: { readonly clientX: number; readonly clientY: number }) => {
    const rect = svg.current?.getBoundingClientRect()
    return { x: event.clientX - (rect?.left ?? 0), y: event.clientY - (rect?.top ?? 0) }
  }
  const dragTo = (at: Drag & { readonly kind: 'handle' }, x: number, y: number): void => {
    const place = laneAt(places, y)
    if (place === undefined) return
    const { reach, timeline } = place.lane
    const ms = toMs(x)
    const to = dragReach(reach, ms, at.timeline === timeline ? at.insideMs : undefined, STICK_PX * perPx)
    const isInside = reach.some(({ fromMs, toMs: end }) => fromMs <= ms && ms <= end)
    drag.current = {
      kind: 'handle',
      timeline,
      insideMs: isInside ? ms : at.timeline === timeline ? at.insideMs : undefined,
    }
    move(
      place.lane,
      to === undefined ? undefined : to === ms ? roundReach(reach, ms, roundStep(perPx)) : to,
      false,
    )
  }
  const onPointerDown = (event: PointerEvent<SVGSVGElement>): void => {
    const { x, y } = placeOf(event)
    if (event.button !== 0 || x < LABEL_PX - STICK_PX) return
    event.currentTarget.setPointerCapture(event.pointerId)
    frame.current?.querySelector<HTMLElement>('[role=slider]')?.focus({ preventScroll: true })
    if (y < STRIP_PX) drag.current = { kind: 'brush', fromMs: toMs(x) }
    else if (y > axisTop) drag.current = { kind: 'pan', x, range: shown }
    else dragTo({ kind: 'handle', timeline: undefined, insideMs: undefined }, x, y)
  }
  const onPointerMove = (event: PointerEvent): void => {
    const at = drag.current
    if (at === undefined) return
    const { x, y } = placeOf(event)
    if (at.kind === 'handle') dragTo(at, x, y)
    else if (at.kind === 'pan') show(moveRange(at.range, whole, (at.x - x) * perPx))
    else setBrush(brushRange(whole, at.fromMs, toMs(x), 0))
  }
  const onPointerUp = (): void => {
    drag.current = undefined
    if (brush !== undefined && brush[1] - brush[0] > perPx * STICK_PX)
      show(zoomRange(brush, whole, 1, (brush[0] + brush[1]) / 2, SHORTEST_MS))
    setBrush(undefined)
  }

  const onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.metaKey || event.ctrlKey) return
    const lane = chosen?.lane ?? lanes.at(-1)
    const atMs = handle?.ms ?? whole[1]
    if (lane === undefined) return props.onKey(event)
    const step = roundStep(perPx) * (event.shiftKey ? 10 : 1)
    const ends = reachEnds(lanes)
    const laneOf = (timeline: number | undefined): Lane | undefined =>
      lanes.find((one) => one.timeline === timeline)
    const toLane = (to: Lane | undefined): void => {
      if (to !== undefined) move(to, nearestReach(to.reach, atMs), true)
    }
    const stepBy = (byMs: number): void => {
      const to = stepReach(lane.reach, atMs, byMs)
      // A whole step leads to a round moment; an edge is where it is.
      move(lane, to === atMs + byMs ? roundReach(lane.reach, to, roundStep(perPx)) : to, true)
    }
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => stepBy(-step),
      ArrowRight: () => stepBy(step),
      ArrowUp: () => toLane(lanes[lanes.indexOf(lane) - 1]),
      ArrowDown: () => toLane(lanes[lanes.indexOf(lane) + 1]),
      '[': () => move(lane, edgeOfReach(lane.reach, atMs, -1), true),
      ']': () => move(lane, edgeOfReach(lane.reach, atMs, 1), true),
      PageUp: () => zoom(0.5, atMs),
      PageDown: () => zoom(2, atMs),
      Home: () => move(laneOf(ends?.earliest.timeline) ?? lane, ends?.earliest.ms, true),
      End: () => move(laneOf(ends?.latest.timeline) ?? lane, ends?.latest.ms, true),
      '0': () => onRange(undefined),
    }
    const action = /^[1-9]$/.test(event.key) ? () => toLane(laneOf(Number(event.key))) : actions[event.key]
    if (action === undefined) return props.onKey(event)
    event.preventDefault()
    action()
  }

  const onWheel = (event: WheelEvent): void => {
    const isPan = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)
    // The wheel alone scrolls the page, as it does everywhere.
    if (!event.ctrlKey && !isPan) return
    event.preventDefault()
    if (isPan) show(moveRange(shown, whole, (event.deltaX === 0 ? event.deltaY : event.deltaX) * perPx))
    else zoom(1.3 ** Math.min(2, Math.max(-2, event.deltaY / WHEEL_STEP)), toMs(placeOf(event).x))
  }
  useWheel(svg, onWheel)

  const handleX = handle === undefined ? undefined : toX(handle.ms)
  const isHandleShown = handleX !== undefined && handleX >= LABEL_PX - 1 && handleX <= right + 1
  return (
    <div
      ref={frame}
      className="recovery"
      role="group"
      aria-label={texts.title}
      aria-description={texts.summary}
      onKeyDown={onKey}
    >
      <svg
        ref={svg}
        width={width}
        height={axisTop + AXIS_PX}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={onPointerUp}
      >
        <defs>
          <clipPath id={LANE_CLIP}>
            <rect x={LABEL_PX - 6} y={0} width={right - LABEL_PX + 12} height={axisTop} />
          </clipPath>
          <pattern
            id="recovery-hatch"
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="6" height="6" fill="var(--broken-soft)" />
            <line y2="6" stroke="var(--broken)" strokeWidth="2" />
          </pattern>
        </defs>
        <g aria-hidden="true">
          {ticks.map((ms) => (
            <line key={ms} className="grid" x1={toX(ms)} x2={toX(ms)} y1={8} y2={axisTop} />
          ))}
          {ticks.map((ms, index) => {
            const [upper, lower] = texts.tick(ms, stepMs, index === 0)
            return (
              <text key={ms} className="tick" x={toX(ms)} y={axisTop + 14} textAnchor="middle">
                <tspan x={toX(ms)}>{upper}</tspan>
                <tspan x={toX(ms)} dy={14}>
                  {lower}
                </tspan>
              </text>
            )
          })}
        </g>
        {places.map((place) => (
          <LaneShape
            key={place.lane.timeline}
            place={place}
            parent={places.find(({ lane }) => lane.timeline === place.lane.parent)}
            isChosen={place === chosen}
            drills={props.drills.filter(({ timeline }) => timeline === place.lane.timeline)}
            namedDrill={props.drills[0]?.id}
            tail={place.lane.isCurrent ? tail : undefined}
            nowMs={nowMs}
            toX={toX}
            left={LABEL_PX}
            right={right}
            texts={texts}
          />
        ))}
        {path === undefined ? null : (
          <PathShape path={path} top={bottom + 4} toX={toX} left={LABEL_PX} right={right} />
        )}
        <ActivityStrip
          activity={activity}
          accidents={props.accidents}
          chosen={props.chosenAccident}
          onAccident={props.onAccident}
          toX={toX}
          left={LABEL_PX}
          right={right}
          texts={texts}
        />
        {brush === undefined ? null : (
          <rect
            className="brush"
            x={toX(brush[0])}
            y={4}
            width={toX(brush[1]) - toX(brush[0])}
            height={axisTop - 4}
          />
        )}
        {handleX === undefined || !isHandleShown ? null : (
          <g className="handle" aria-hidden="true">
            <line x1={handleX} x2={handleX} y1={8} y2={axisTop} />
            {chosen === undefined ? null : (
              <circle cx={handleX} cy={(chosen.top + chosen.bottom) / 2} r={8} />
            )}
          </g>
        )}
      </svg>
      {handle === undefined ? null : (
        <div
          role="slider"
          className="handle-stop"
          tabIndex={0}
          aria-label={texts.handle}
          aria-valuemin={Math.round(whole[0])}
          aria-valuemax={Math.round(whole[1])}
          aria-valuenow={Math.round(handle.ms)}
          aria-valuetext={texts.valueText}
          style={{
            left: Math.min(right, Math.max(LABEL_PX, handleX ?? LABEL_PX)) - 12,
            top: chosen === undefined ? 0 : chosen.top - 1,
          }}
        />
      )}
      <p className="legend">{texts.legend}</p>
      <p className="legend">{texts.keys}</p>
    </div>
  )
}

type Drag =
  | { readonly kind: 'handle'; readonly timeline: number | undefined; readonly insideMs: number | undefined }
  | { readonly kind: 'brush'; readonly fromMs: number }
  | { readonly kind: 'pan'; readonly x: number; readonly range: TimeRange }
