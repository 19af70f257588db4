import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import {
  chainsBetween,
  endOf,
  type LifeLine,
  lifePaths,
  lifeRange,
  lineAt,
  linesBetween,
  layoutLifeLines,
  type PlacedLine,
} from './life-layout.ts'
import { AsOfHandle, AXIS_PX, LifeBack } from './life-frame.tsx'
import { LifeMarks, PinDraftMark, PinNotes } from './life-marks.tsx'
import { type LifeStorage, STORAGE_PX, StorageStrip } from './life-storage.tsx'
import type { LifeTexts } from './life-texts.ts'
import { LIFE_LABEL_PX as LABEL_PX, type LifeWal, WAL_PX, WalStrip } from './life-wal.tsx'
import { clockTicks } from './recovery-lanes.ts'
import { gripOf, useLifePin } from './use-life-pin.ts'
import { useWidth } from './use-width.ts'
import './life-lines.css'

const RIGHT_PX = 26
const TOP_PX = 20
const MOST_PX = 430
const HANDLE_PX = 26
const TICK_PX = 74
const DAY_MS = 86_400_000
const PAGE_LINES = 20
const STEPS: Readonly<Record<string, number>> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: PAGE_LINES,
  PageUp: -PAGE_LINES,
}

/**
 * Every backup as a line from when it was taken to when it is deleted, and a line that says as of which day. Only what can
 * be seen is drawn, however many there are.
 */
export function LifeLines(props: {
  /** Newest first. */
  readonly lines: readonly LifeLine[]
  readonly nowMs: number
  /** Days from now to the day that is looked at. */
  readonly ahead: number
  readonly onAhead: (days: number) => void
  /** Where the window begins as of that day; undefined without one. */
  readonly windowMs: number | undefined
  readonly wal: readonly LifeWal[]
  readonly storage: LifeStorage
  /** The clock that is shown, from UTC. */
  readonly offsetMs: number
  readonly current: string | undefined
  readonly onCurrent: (id: string | undefined) => void
  /** Keys that mean something to the screen. */
  readonly onKey: (event: KeyboardEvent) => void
  /** A pin was set by hand or, without a moment, taken away. */
  readonly onPin: (id: string, ms: number | undefined) => void
  /** Keys that move a pin have moved none. */
  readonly onStuck: (id: string, why: 'for-ever' | 'no-pin') => void
  readonly texts: LifeTexts
}) {
  const { lines, nowMs, ahead, windowMs, wal, current, texts, onAhead, onCurrent } = props
  const [frame, width] = useWidth(460)
  const box = useRef<HTMLDivElement>(null)
  const handle = useRef<HTMLDivElement>(null)
  const isDragging = useRef(false)
  const [scrolled, setScrolled] = useState(0)
  const prefix = useId()
  const layout = useMemo(() => layoutLifeLines(lines), [lines])
  const range = useMemo(() => lifeRange(lines, nowMs), [lines, nowMs])
  const [fromMs, toMs] = range
  const right = width - RIGHT_PX
  const perPx = (toMs - fromMs) / (right - LABEL_PX)
  const toX = useMemo(() => (ms: number) => LABEL_PX + (ms - fromMs) / perPx, [fromMs, perPx])
  const mostDays = Math.floor((toMs - nowMs) / DAY_MS)
  const asOfMs = nowMs + ahead * DAY_MS
  const shownPx = Math.min(MOST_PX, layout.height)
  const place = useMemo(
    () => (current === undefined ? -1 : layout.lines.findIndex(({ line }) => line.id === current)),
    [layout, current],
  )
  const at = layout.lines[place]
  const { ticks } = clockTicks(range, Math.floor((right - LABEL_PX) / TICK_PX), props.offsetMs)
  const asOfX = Math.min(right, toX(asOfMs))
  const bottom = TOP_PX + shownPx

  const paths = useMemo(
    () => lifePaths(linesBetween(layout, scrolled, scrolled + shownPx), { toX, right, nowMs, asOfMs }),
    [layout, scrolled, shownPx, toX, right, nowMs, asOfMs],
  )
  const chains = useMemo(
    () => chainsBetween(layout, scrolled, scrolled + shownPx),
    [layout, scrolled, shownPx],
  )
  const pin = useLifePin({
    at,
    nowMs,
    offsetMs: props.offsetMs,
    toX,
    toMs: (x) => fromMs + (x - LABEL_PX) * perPx,
    frame,
    onPin: props.onPin,
    onStuck: props.onStuck,
  })
  const walTop = bottom + AXIS_PX + 4
  const storageTop = walTop + Math.max(1, wal.length) * WAL_PX + 4

  useEffect(() => {
    const { current: element } = box
    if (at === undefined || element === null) return
    if (at.top < element.scrollTop) element.scrollTop = at.top - 8
    else if (at.top + at.height > element.scrollTop + element.clientHeight)
      element.scrollTop = at.top + at.height - element.clientHeight + 8
  }, [at])

  const move = (days: number): void => onAhead(Math.min(mostDays, Math.max(0, days)))
  const xOf = (event: PointerEvent): number =>
    event.clientX - (frame.current?.getBoundingClientRect().left ?? 0)
  const dragTo = (event: PointerEvent): void =>
    move(Math.round((fromMs + (xOf(event) - LABEL_PX) * perPx - nowMs) / DAY_MS))
  /** The line below the pointer; undefined outside of the lines. */
  const placedAt = (event: PointerEvent): PlacedLine | undefined => {
    const rect = box.current?.getBoundingClientRect()
    if (rect === undefined || event.clientY < rect.top || event.clientY > rect.bottom) return undefined
    const index = lineAt(layout, event.clientY - rect.top + scrolled)
    return index === undefined ? undefined : layout.lines[index]
  }
  const onPointerDown = (event: PointerEvent<HTMLDivElement>): void => {
    const x = xOf(event)
    const isBelow = event.clientY > (box.current?.getBoundingClientRect().bottom ?? 0)
    if (event.button !== 0 || x < LABEL_PX) return
    const placed = placedAt(event)
    const isPin = pin.distance(placed, x) < Math.abs(x - asOfX)
    if (!isPin && !isBelow && Math.abs(x - asOfX) >= HANDLE_PX / 2) return
    event.preventDefault()
    event.currentTarget.setPointerCapture(event.pointerId)
    if (isPin && placed !== undefined) {
      onCurrent(placed.line.id)
      box.current?.focus({ preventScroll: true })
      return pin.start(placed)
    }
    handle.current?.focus({ preventScroll: true })
    isDragging.current = true
    dragTo(event)
  }
  const onPointerMove = (event: PointerEvent): void => {
    if (isDragging.current) return dragTo(event)
    if (pin.isDragging()) return pin.drag(at, xOf(event))
    const placed = placedAt(event)
    pin.show(pin.distance(placed, xOf(event)) < Math.abs(xOf(event) - asOfX))
    // A pin that is being moved by keys stays with its line.
    if (placed !== undefined && placed.line.id !== current && pin.draft === undefined)
      onCurrent(placed.line.id)
  }
  const onPointerUp = (): void => {
    isDragging.current = false
    if (pin.isDragging()) pin.drop()
  }
  const onPointerCancel = (): void => {
    isDragging.current = false
    if (pin.isDragging()) pin.cancel()
  }
  const onLinesKey = (event: KeyboardEvent): void => {
    if (pin.onKey(event)) {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    const step = STEPS[event.key]
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const last = layout.lines.length - 1
    const to =
      step !== undefined
        ? Math.min(last, Math.max(0, place + step))
        : event.key === 'Home'
          ? 0
          : event.key === 'End'
            ? last
            : undefined
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    onCurrent(layout.lines[to]?.line.id)
  }

  return (
    <div
      ref={frame}
      className="life"
      role="group"
      aria-label={texts.title}
      aria-description={texts.summary}
      onKeyDown={props.onKey}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={onPointerCancel}
    >
      <LifeBack
        width={width}
        right={right}
        top={TOP_PX}
        bottom={bottom}
        toX={toX}
        ticks={ticks}
        asOf={{ ms: asOfMs, x: asOfX, isNow: ahead === 0 }}
        windowMs={windowMs}
        nowMs={nowMs}
        texts={texts}
      />
      <div
        ref={box}
        className="life-lines"
        style={{ top: TOP_PX, height: shownPx }}
        role="listbox"
        aria-label={texts.lines}
        aria-activedescendant={at === undefined ? undefined : `${prefix}line`}
        tabIndex={0}
        data-region
        onKeyDown={onLinesKey}
        onFocus={() => {
          if (at === undefined) onCurrent(layout.lines[0]?.line.id)
        }}
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop)}
      >
        <div style={{ height: layout.height, position: 'relative' }}>
          <svg
            className="life-drawn"
            style={{ top: scrolled }}
            width={width}
            height={shownPx}
            viewBox={`0 ${scrolled} ${width} ${shownPx}`}
            aria-hidden="true"
          >
            <PinNotes layout={layout} paths={paths} toX={toX} nowMs={nowMs} note={texts.pinNote} />
            <LifeMarks paths={paths} chains={chains} prefix={prefix} texts={texts} />
            {at === undefined ? null : (
              <rect
                className="current"
                x={toX(at.line.startMs) - 3}
                y={at.top - 2.5}
                width={Math.max(6, Math.min(right, toX(endOf(at.line, nowMs))) - toX(at.line.startMs) + 6)}
                height={at.height + 5}
                rx={2}
              />
            )}
            {at === undefined || pin.draft === undefined ? null : (
              <PinDraftMark
                fromX={Math.min(right, toX(gripOf(at, nowMs)))}
                x={Math.min(right, toX(pin.draft.ms ?? nowMs))}
                y={at.top + at.height / 2}
                isBelow={at.top - scrolled < 24}
                text={texts.draft(pin.draft.ms)}
              />
            )}
          </svg>
          {at === undefined ? null : (
            <div
              id={`${prefix}line`}
              role="option"
              aria-selected="true"
              aria-posinset={place + 1}
              aria-setsize={layout.lines.length}
              aria-label={
                pin.draft === undefined ? texts.line(at.line.id) : texts.draftSpoken(at.line.id, pin.draft.ms)
              }
              className="life-option"
              style={{ top: at.top, height: at.height, left: LABEL_PX }}
            />
          )}
        </div>
      </div>
      <WalStrip
        wal={wal}
        name={texts.wal}
        none={texts.walNone}
        width={width}
        right={right}
        toX={toX}
        top={walTop}
      />
      <StorageStrip
        storage={props.storage}
        width={width}
        right={right}
        toX={toX}
        top={storageTop}
        asOfX={asOfX}
      />
      <svg className="life-front" width={width} height={bottom + AXIS_PX} aria-hidden="true">
        <line className="now" x1={toX(nowMs)} x2={toX(nowMs)} y1={0} y2={bottom} />
        <text className="now-text" x={toX(nowMs) + 5} y={12}>
          {texts.now}
        </text>
        <line className="as-of" x1={asOfX} x2={asOfX} y1={0} y2={bottom + 4} />
      </svg>
      <AsOfHandle
        ref={handle}
        x={asOfX}
        y={bottom - 4}
        ahead={ahead}
        mostDays={mostDays}
        onMove={move}
        texts={texts}
      />
      <div style={{ height: storageTop + STORAGE_PX + 6 }} aria-hidden="true" />
      <p className="legend">{texts.legend}</p>
      <p className="legend">{texts.keys}</p>
    </div>
  )
}
