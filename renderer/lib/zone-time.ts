import { zoneOf } from './format.ts'
import { toMicro } from './micro-time.ts'

/** The parts of a time as a clock on a wall shows them, from the largest. */
export const TIME_PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'micros'] as const
export type TimePart = (typeof TIME_PARTS)[number]
export type WallTime = Readonly<Record<TimePart, number>>

/** The least and the greatest value of a part, and its digits. */
export const PART_BOUNDS: Readonly<
  Record<TimePart, { readonly least: number; readonly most: number; readonly digits: number }>
> = {
  year: { least: 1970, most: 9999, digits: 4 },
  month: { least: 1, most: 12, digits: 2 },
  day: { least: 1, most: 31, digits: 2 },
  hour: { least: 0, most: 23, digits: 2 },
  minute: { least: 0, most: 59, digits: 2 },
  second: { least: 0, most: 59, digits: 2 },
  micros: { least: 0, most: 999_999, digits: 6 },
}

const PART_MS = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000, micros: 0.001 } as const

/** What a clock in the zone of a setting shows at a Unix millisecond, whose fraction is microseconds. */
export function wallTimeOf(ms: number, zone: string): WallTime {
  return partsOf(toMicro(ms + offsetMs(ms, zone)))
}

/** The inverse of {@link wallTimeOf}; a day that a month does not have is its last one. */
export function msOfWallTime(wall: WallTime, zone: string): number {
  const shown = clockMs(wall)
  // The offset of the wanted moment, which is known only from a moment: near a change of clocks the second look counts.
  const guess = shown - offsetMs(shown, zone)
  return toMicro(shown - offsetMs(guess, zone))
}

/** A time with one of its parts moved on; the larger ones follow, as on a clock. */
export function stepWallTime(wall: WallTime, part: TimePart, by: number): WallTime {
  if (part !== 'year' && part !== 'month') return partsOf(toMicro(clockMs(wall) + by * PART_MS[part]))
  const months = wall.year * 12 + wall.month - 1 + (part === 'year' ? by * 12 : by)
  return partsOf(clockMs({ ...wall, year: Math.floor(months / 12), month: (months % 12) + 1 }))
}

/**
 * Reads a whole time as it is copied from elsewhere; an offset of its own goes before `zone`. Undefined for what no
 * calendar and no clock shows, such as 31 February: which moment was meant is not guessed.
 */
export function readWholeTime(text: string, zone: string): number | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})\d*)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i.exec(
      text.trim(),
    )
  if (match === null) return undefined
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const micros = Number((match[7] ?? '').padEnd(6, '0'))
  const wall = { year, month, day, hour, minute, second: Number.isNaN(second) ? 0 : second, micros }
  if (TIME_PARTS.some((part) => wall[part] < PART_BOUNDS[part].least || wall[part] > PART_BOUNDS[part].most))
    return undefined
  if (!isDay(text.trim().slice(0, 10))) return undefined
  const own = match[8]
  if (own === undefined) return msOfWallTime(wall, zone)
  const [, sign, hours = '0', minutes = '0'] = /([+-])(\d\d):?(\d\d)?/.exec(own) ?? []
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === '-' ? -1 : 1)
  return toMicro(clockMs(wall) - offset)
}

/** Whether a text is a day of the calendar: `2026-11-20`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const ms = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)
}

/** A text that begins with a day, so many days later; undefined where it begins with none. */
export function stepDay(text: string, days: number): string | undefined {
  const day = text.slice(0, 10)
  if (!isDay(day)) return undefined
  const moved = new Date(Date.parse(`${day}T00:00:00Z`) + days * PART_MS.day)
  return moved.toISOString().slice(0, 10) + text.slice(10)
}

/** Whether a name of a zone is one of those of UTC itself. */
export function isUtcZone(zone: string): boolean {
  return /^(Etc\/)?(UTC|UCT|Universal|Zulu)$/.test(zone)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** How far a clock in the zone of a setting is ahead of UTC at a Unix millisecond. */
export function offsetMs(ms: number, zone: string): number {
  const timeZone = zoneOf(zone)
  const formatter =
    formatters.get(timeZone) ?? new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  formatters.set(timeZone, formatter)
  const name = formatter.formatToParts(new Date(ms)).find(({ type }) => type === 'timeZoneName')?.value
  const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d+):(\d+)/.exec(name ?? '') ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

function clockMs({ year, month, day, hour, minute, second, micros }: WallTime): number {
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return Date.UTC(year, month - 1, Math.min(day, lastDay), hour, minute, second) + micros / 1000
}

function partsOf(shown: number): WallTime {
  const micros = Math.round(shown * 1000)
  const below = ((micros % 1_000_000) + 1_000_000) % 1_000_000
  const date = new Date((micros - below) / 1000)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    micros: below,
  }
}
