import { useMemo } from 'react'
import { type Chain, newestChains } from './chain-layout.ts'
import { isWhole, moveRange, rangeAround, type TimeRange, zoomRange } from './time-range.ts'

const MOST_ROWS = 12
const SMALLEST_PAST_MS = 600_000

/** The part of the history that the ribbons show, which chains are in it, and what moves it. `range` undefined is the usual. */
export function useChainRange({
  chains,
  nowMs,
  selectedId,
  isUnfolded,
  range,
  onRange,
  left,
  right,
}: {
  readonly chains: readonly Chain[]
  readonly nowMs: number
  readonly selectedId: string | undefined
  /** All chains have a row, not only the newest. */
  readonly isUnfolded: boolean
  readonly range: TimeRange | undefined
  readonly onRange: (range: TimeRange | undefined) => void
  /** The edges of the plot, in pixels. */
  readonly left: number
  readonly right: number
}) {
  const whole = useMemo(() => spanOf(chains, nowMs), [chains, nowMs])
  const newest = useMemo(
    () => newestChains(chains, isUnfolded ? Infinity : MOST_ROWS, selectedId),
    [chains, isUnfolded, selectedId],
  )
  const usual = useMemo(() => spanOf(newest.shown, nowMs), [newest, nowMs])
  const shown = useMemo(
    () => (range === undefined ? usual : zoomRange(clamp(range, whole), whole, 1, clamp(range, whole)[0])),
    [range, usual, whole],
  )
  // Rows stay while a part of them is looked at; they change when something older is.
  const drawn = useMemo(
    () => (shown[0] < usual[0] ? newestChains(chains, MOST_ROWS, selectedId, shown) : newest),
    [shown, usual, chains, newest, selectedId],
  )
  const toX = useMemo(() => {
    const perMs = (right - left) / (shown[1] - shown[0])
    return (ms: number) => left + (ms - shown[0]) * perMs
  }, [shown, left, right])

  const show = (next: TimeRange): void =>
    onRange(isWhole(next, usual) && isWhole(usual, whole) ? undefined : next)
  const msPerPx = ([fromMs, toMs]: TimeRange): number => (toMs - fromMs) / (right - left)
  return {
    /** From the first backup to the last, with a margin. */
    whole,
    shown,
    drawn,
    toX,
    zoom: (factor: number, atX: number): void =>
      show(zoomRange(shown, whole, factor, shown[0] + (atX - left) * msPerPx(shown))),
    pan: (byPx: number, from: TimeRange): void => show(moveRange(from, whole, byPx * msPerPx(from))),
    /** Shows one chain; a second time leads back, as `undefined` does. */
    fit: (chain: Chain | undefined): void => {
      const next = chain === undefined ? undefined : rangeAround(chain.firstMs, chain.lastMs, whole)
      const isFitted = next !== undefined && range?.[0] === next[0] && range[1] === next[1]
      onRange(isFitted ? undefined : next)
    },
  }
}

/** `range` as far as it lies in `whole`; its nearest end where it does not. */
function clamp([fromMs, toMs]: TimeRange, whole: TimeRange): TimeRange {
  const into = (ms: number): number => Math.min(whole[1], Math.max(whole[0], ms))
  return [into(fromMs), into(toMs)]
}

/** From a little before the first backup to a little after now, so that nothing sticks to an edge. */
function spanOf(chains: readonly Chain[], nowMs: number): TimeRange {
  const first = chains.reduce((least, { firstMs }) => Math.min(least, firstMs), nowMs - SMALLEST_PAST_MS)
  // A clock that was wrong leaves backups in the future; they are drawn where they say they are.
  const last = chains.reduce((most, { lastMs }) => Math.max(most, lastMs), nowMs)
  const margin = Math.max(60_000, (last - first) * 0.03)
  return [first - margin, last + margin * 0.6]
}
