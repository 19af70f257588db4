/** From and to, in Unix milliseconds. */
export type TimeRange = readonly [fromMs: number, toMs: number]

/** Shorter than this nothing is shown. */
export const SHORTEST_RANGE_MS = 60_000

/** `range` made `factor` times as long, with the moment `atMs` staying where it is drawn; never beyond `whole`. */
export function zoomRange(
  range: TimeRange,
  whole: TimeRange,
  factor: number,
  atMs: number,
  shortestMs = SHORTEST_RANGE_MS,
): TimeRange {
  const length = lengthOf(range)
  const next = Math.min(lengthOf(whole), Math.max(shortestMs, length * factor))
  const share = length === 0 ? 0.5 : Math.min(1, Math.max(0, (atMs - range[0]) / length))
  const fromMs = atMs - share * next
  return moveRange([fromMs, fromMs + next], whole, 0)
}

/** `range` moved by `byMs`, as long as before, and inside `whole`. */
export function moveRange(range: TimeRange, whole: TimeRange, byMs: number): TimeRange {
  const length = Math.min(lengthOf(range), lengthOf(whole))
  const fromMs = Math.min(whole[1] - length, Math.max(whole[0], range[0] + byMs))
  return [fromMs, fromMs + length]
}

/** `range` with one of its edges at `atMs`, as far as the other edge and `whole` allow. */
export function moveEdge(range: TimeRange, whole: TimeRange, edge: 'from' | 'to', atMs: number): TimeRange {
  return edge === 'from'
    ? [Math.min(range[1] - SHORTEST_RANGE_MS, Math.max(whole[0], atMs)), range[1]]
    : [range[0], Math.max(range[0] + SHORTEST_RANGE_MS, Math.min(whole[1], atMs))]
}

/** What a brush from one moment to another covers, in either direction, inside `whole`. */
export function brushRange(
  whole: TimeRange,
  oneMs: number,
  otherMs: number,
  shortestMs = SHORTEST_RANGE_MS,
): TimeRange {
  const fromMs = Math.max(whole[0], Math.min(oneMs, otherMs))
  const toMs = Math.min(whole[1], Math.max(oneMs, otherMs))
  return zoomRange([fromMs, toMs], whole, 1, (fromMs + toMs) / 2, shortestMs)
}

/** Whether nothing of `whole` lies outside of `range`. */
export function isWhole(range: TimeRange, whole: TimeRange): boolean {
  return range[0] <= whole[0] && range[1] >= whole[1]
}

/** Around the moments from the first to the last, so that neither sticks to an edge. */
export function rangeAround(firstMs: number, lastMs: number, whole: TimeRange): TimeRange {
  const margin = Math.max(SHORTEST_RANGE_MS, (lastMs - firstMs) * 0.04)
  return [Math.max(whole[0], firstMs - margin), Math.min(whole[1], lastMs + margin)]
}

function lengthOf([fromMs, toMs]: TimeRange): number {
  return toMs - fromMs
}
