import type { DayMark } from './contract/instances.ts'

const DAYS = 14
const DAY_MS = 86_400_000

/**
 * What happened on each of the last fourteen days, oldest first, in the time zone of this machine. Pure but for the zone.
 */
export function dayMarks(
  events: readonly { readonly atMs: number; readonly outcome: 'ok' | 'failed' | 'running' }[],
  nowMs: number,
): readonly DayMark[] {
  const byDay = Map.groupBy(events, ({ atMs }) => dayOf(new Date(atMs)))
  const today = Date.parse(dayOf(new Date(nowMs)))
  return Array.from({ length: DAYS }, (_, index) => {
    // In UTC no clock is changed: a zone may have left out the day that is meant here.
    const day = new Date(today - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10)
    const found = byDay.get(day) ?? []
    const has = (outcome: string): boolean => found.some((event) => event.outcome === outcome)
    const outcome = has('running') ? 'running' : has('failed') ? 'failed' : has('ok') ? 'ok' : 'none'
    return { day, outcome, backupCount: found.filter((event) => event.outcome === 'ok').length }
  })
}

function dayOf(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
