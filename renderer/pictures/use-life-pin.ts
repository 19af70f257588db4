import { type KeyboardEvent, type RefObject, useRef, useState } from 'react'
import { endOf, type PlacedLine } from './life-layout.ts'

const DAY_MS = 86_400_000
const GRIP_PX = 7
const MONTH_DAYS = 30

/** A pin that is being moved; without a moment it is taken away. */
export type PinDraft = { readonly id: string; readonly ms: number | undefined }

/** The place by which the pin of a line is moved: its dot, or else the end of the line. Infinity where it has none. */
export function gripOf({ line }: PlacedLine, nowMs: number): number {
  return line.isFuture === true
    ? Number.POSITIVE_INFINITY
    : line.pinMs > nowMs
      ? line.pinMs
      : endOf(line, nowMs)
}

/** The day a pin is moved to: midnight of the clock that is shown. Today and before keep nothing: undefined. */
export function pinDay(ms: number, nowMs: number, offsetMs: number): number | undefined {
  const midnight = Math.round((ms + offsetMs) / DAY_MS) * DAY_MS - offsetMs
  return midnight <= nowMs ? undefined : midnight
}

/** Moves pins by the pointer, at the end of a line, and by keys, on the one that is focused. */
export function useLifePin(options: {
  readonly at: PlacedLine | undefined
  readonly nowMs: number
  readonly offsetMs: number
  readonly toX: (ms: number) => number
  readonly toMs: (x: number) => number
  /** The element that hears the pointer; it shows that something can be moved. */
  readonly frame: RefObject<HTMLElement | null>
  readonly onPin: (id: string, ms: number | undefined) => void
  /** Keys have moved nothing, since nothing ends it, or it has no pin that could end sooner. */
  readonly onStuck: (id: string, why: 'for-ever' | 'no-pin') => void
}) {
  const { at, nowMs, offsetMs, toX, toMs, frame, onPin, onStuck } = options
  const [held, setHeld] = useState<PinDraft | undefined>(undefined)
  // Whoever lets go in the frame of the last move lets go there, drawn or not.
  const latest = useRef<PinDraft | undefined>(undefined)
  const isDragging = useRef(false)
  // Whoever goes on to another line has let go of this one.
  const draft = held !== undefined && held.id === at?.line.id ? held : undefined

  const setDraft = (next: PinDraft | undefined): void => {
    latest.current = next
    setHeld(next)
  }
  const set = (placed: PlacedLine, ms: number | undefined): void => {
    // Where there is no pin yet none can be taken away.
    setDraft(ms === undefined && placed.line.pinMs <= nowMs ? undefined : { id: placed.line.id, ms })
  }
  const settle = (settled: PinDraft | undefined): void => {
    isDragging.current = false
    setDraft(undefined)
    if (settled !== undefined) onPin(settled.id, settled.ms)
  }
  return {
    draft,
    /** How far the pointer is from what it could take hold of. */
    distance(placed: PlacedLine | undefined, x: number): number {
      if (placed === undefined) return Number.POSITIVE_INFINITY
      const distance = Math.abs(toX(gripOf(placed, nowMs)) - x)
      return distance <= GRIP_PX ? distance : Number.POSITIVE_INFINITY
    },
    show(isNear: boolean): void {
      frame.current?.classList.toggle('is-near-pin', isNear)
    },
    start(placed: PlacedLine): void {
      isDragging.current = true
      setDraft({ id: placed.line.id, ms: pinDay(gripOf(placed, nowMs), nowMs, offsetMs) })
    },
    isDragging: () => isDragging.current,
    drag(placed: PlacedLine | undefined, x: number): void {
      if (placed !== undefined) set(placed, pinDay(toMs(x), nowMs, offsetMs))
    },
    drop: () => settle(latest.current),
    cancel(): void {
      isDragging.current = false
      setDraft(undefined)
    },
    /** Whether the key was one of these: ⇧ with arrows and page keys moves, Enter sets, Escape leaves it. */
    onKey(event: KeyboardEvent): boolean {
      if (at === undefined || event.altKey || event.ctrlKey || event.metaKey) return false
      const days = event.shiftKey
        ? { ArrowRight: 1, ArrowLeft: -1, PageUp: MONTH_DAYS, PageDown: -MONTH_DAYS }[event.key]
        : undefined
      if (days !== undefined) {
        const grip = gripOf(at, nowMs)
        if (!Number.isFinite(grip)) {
          if (at.line.isFuture !== true) onStuck(at.line.id, 'for-ever')
          return true
        }
        // Of what is overdue or taken away, one step is tomorrow.
        const from = draft === undefined ? Math.max(nowMs, grip) : (draft.ms ?? nowMs)
        const day = pinDay(from + days * DAY_MS, nowMs, offsetMs)
        if (day === undefined && at.line.pinMs <= nowMs) onStuck(at.line.id, 'no-pin')
        set(at, day)
        return true
      }
      if (draft === undefined) return false
      if (event.key === 'Enter') settle(draft)
      else if (event.key === 'Escape') setDraft(undefined)
      else return false
      return true
    },
  }
}
