import { msOfWallTime, stepWallTime, wallTimeOf } from '../../lib/zone-time.ts'

/** The last `count` days of the calendar of a zone, today included: their names, and where each begins and the last ends. */
export function dayEdges(
  nowMs: number,
  count: number,
  zone: string,
): { readonly edges: readonly string[]; readonly days: readonly string[] } {
  const today = { ...wallTimeOf(nowMs, zone), hour: 0, minute: 0, second: 0, micros: 0 }
  const starts = Array.from({ length: count + 1 }, (_, index) =>
    stepWallTime(today, 'day', index - count + 1),
  )
  const two = (value: number): string => String(value).padStart(2, '0')
  return {
    edges: starts.map((start) => new Date(msOfWallTime(start, zone)).toISOString()),
    days: starts.slice(0, count).map(({ month, day }) => `${two(month)}-${two(day)}`),
  }
}
