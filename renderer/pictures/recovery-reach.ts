/** Moments that can be chosen, both ends included, in Unix milliseconds; a point is as long as nothing. */
export type Interval = { readonly fromMs: number; readonly toMs: number }

/** The moment nearest to `ms`; undefined where nothing can be reached. `intervals` are sorted and apart. */
export function nearestReach(intervals: readonly Interval[], ms: number): number | undefined {
  const { before, inside, after } = around(intervals, ms)
  if (inside !== undefined) return ms
  if (before === undefined || after === undefined) return after?.fromMs ?? before?.toMs
  return ms - before.toMs <= after.fromMs - ms ? before.toMs : after.fromMs
}

/**
 * Where the handle goes when it is dragged to `ms`: there, if that can be reached. Over anything else it sticks to the
 * edge by which the pointer left for `stickMs`, then it jumps to the other side. `lastInsideMs` is where the pointer last
 * was over something that can be reached; undefined for a click, which takes what is nearest.
 */
export function dragReach(
  intervals: readonly Interval[],
  ms: number,
  lastInsideMs: number | undefined,
  stickMs: number,
): number | undefined {
  const { before, inside, after } = around(intervals, ms)
  if (inside !== undefined) return ms
  if (lastInsideMs === undefined || before === undefined || after === undefined)
    return nearestReach(intervals, ms)
  return lastInsideMs <= ms
    ? ms - before.toMs <= stickMs
      ? before.toMs
      : after.fromMs
    : after.fromMs - ms <= stickMs
      ? after.fromMs
      : before.toMs
}

/** One step of the keys from `ms`: as far as the edge, and from the edge to the other side of what cannot be reached. */
export function stepReach(intervals: readonly Interval[], ms: number, byMs: number): number | undefined {
  const from = nearestReach(intervals, ms)
  if (from === undefined) return undefined
  const { inside } = around(intervals, from)
  if (inside === undefined) return from
  const edge = byMs > 0 ? inside.toMs : inside.fromMs
  if (from !== edge) return byMs > 0 ? Math.min(edge, from + byMs) : Math.max(edge, from + byMs)
  const { before, after } = around(intervals, from)
  return (byMs > 0 ? after?.fromMs : before?.toMs) ?? from
}

/** The next edge of a zone in a direction; the moment itself where there is none. */
export function edgeOfReach(intervals: readonly Interval[], ms: number, direction: 1 | -1): number {
  const edges = intervals.flatMap(({ fromMs, toMs }) => (fromMs === toMs ? [fromMs] : [fromMs, toMs]))
  const next = direction > 0 ? edges.find((edge) => edge > ms) : edges.findLast((edge) => edge < ms)
  return next ?? ms
}

/** `ms` on a round moment, if that can be reached as well. */
export function roundReach(intervals: readonly Interval[], ms: number, stepMs: number): number {
  const round = Math.round(ms / stepMs) * stepMs
  return around(intervals, round).inside === undefined ? ms : round
}

/** Sorted, those that touch joined. */
export function unitedReach(intervals: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = []
  for (const one of intervals.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = result.at(-1)
    if (last !== undefined && one.fromMs <= last.toMs)
      result.splice(-1, 1, { fromMs: last.fromMs, toMs: Math.max(last.toMs, one.toMs) })
    else result.push(one)
  }
  return result
}

/** What is left of a range when others are taken out. */
export function withoutIntervals(whole: Interval, taken: readonly Interval[]): readonly Interval[] {
  const left: Interval[] = []
  let fromMs = whole.fromMs
  for (const one of unitedReach(taken)) {
    if (one.fromMs > fromMs) left.push({ fromMs, toMs: Math.min(one.fromMs, whole.toMs) })
    fromMs = Math.max(fromMs, one.toMs)
    if (fromMs >= whole.toMs) return left.filter(isLong)
  }
  return [...left, { fromMs, toMs: whole.toMs }].filter(isLong)
}

const isLong = ({ fromMs, toMs }: Interval): boolean => toMs > fromMs

function around(
  intervals: readonly Interval[],
  ms: number,
): {
  readonly before: Interval | undefined
  readonly inside: Interval | undefined
  readonly after: Interval | undefined
} {
  return {
    before: intervals.findLast(({ toMs }) => toMs < ms),
    inside: intervals.find(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs),
    after: intervals.find(({ fromMs }) => fromMs > ms),
  }
}
