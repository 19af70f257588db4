import { EngineError } from '../base/engine-error.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const two = (value: number): string => String(value).padStart(2, '0')

const ESCAPES: Readonly<Record<string, (at: Date) => string>> = {
  a: (at) => (DAYS[at.getDay()] ?? '').slice(0, 3),
  A: (at) => DAYS[at.getDay()] ?? '',
  b: (at) => (MONTHS[at.getMonth()] ?? '').slice(0, 3),
  h: (at) => (MONTHS[at.getMonth()] ?? '').slice(0, 3),
  B: (at) => MONTHS[at.getMonth()] ?? '',
  C: (at) => two(Math.floor(at.getFullYear() / 100)),
  d: (at) => two(at.getDate()),
  D: (at) => strftime('%m/%d/%y', at),
  e: (at) => String(at.getDate()).padStart(2),
  F: (at) => strftime('%Y-%m-%d', at),
  G: (at) => String(isoWeek(at).year),
  g: (at) => two(isoWeek(at).year % 100),
  H: (at) => two(at.getHours()),
  I: (at) => two(at.getHours() % 12 || 12),
  j: (at) => String(dayOfYear(at)).padStart(3, '0'),
  k: (at) => String(at.getHours()).padStart(2),
  l: (at) => String(at.getHours() % 12 || 12).padStart(2),
  m: (at) => two(at.getMonth() + 1),
  M: (at) => two(at.getMinutes()),
  n: () => '\n',
  p: (at) => (at.getHours() < 12 ? 'AM' : 'PM'),
  P: (at) => (at.getHours() < 12 ? 'am' : 'pm'),
  r: (at) => strftime('%I:%M:%S %p', at),
  R: (at) => strftime('%H:%M', at),
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  S: (at) => two(at.getSeconds()),
  t: () => '\t',
  T: (at) => strftime('%H:%M:%S', at),
  u: (at) => String(at.getDay() || 7),
  U: (at) => two(Math.floor((dayOfYear(at) + 6 - at.getDay()) / 7)),
  V: (at) => two(isoWeek(at).week),
  w: (at) => String(at.getDay()),
  W: (at) => two(Math.floor((dayOfYear(at) + 6 - ((at.getDay() + 6) % 7)) / 7)),
  y: (at) => two(at.getFullYear() % 100),
  Y: (at) => String(at.getFullYear()),
  z: (at) => zoneOffset(at),
  Z: (at) => zoneName(at),
  '%': () => '%',
}

/**
 * Fills the escapes of C's strftime with a moment in local time (`TZ`), in the C locale. `%c`, `%x`, `%X` and the
 * modifiers `E` and `O` depend on a locale and are refused.
 *
 * @throws {EngineError} `usage.invalid` for an escape that is not known.
 */
export function strftime(pattern: string, at: Date): string {
  return pattern.replace(/%(.?)/gs, (whole, letter: string) => {
    const fill = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined
    if (fill !== undefined) return fill(at)
    throw new EngineError(
      'usage.invalid',
      `the file name pattern "${pattern}" holds the unknown escape "${whole}"`,
      {
        hint: 'Use escapes of strftime such as %Y, %m, %d, %H, %M, %S and %u; write a percent sign as %%.',
      },
    )
  })
}

function dayOfYear(at: Date): number {
  const start = Date.UTC(at.getFullYear(), 0, 1)
  return (Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - start) / 86_400_000 + 1
}

/** The week of ISO 8601: the one with the year's first Thursday is week 1. */
function isoWeek(at: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 4 - (at.getDay() || 7))
  return { year: thursday.getFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) }
}

function zoneOffset(at: Date): string {
  const minutes = -at.getTimezoneOffset()
  const absolute = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}${two(absolute % 60)}`
}

function zoneName(at: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(at)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}
