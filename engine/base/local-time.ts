/**
 * A moment in local time (`TZ`) with its offset, for people: `2026-11-21 08:30:20+08`; minutes of the offset only where it
 * has some. Everything that the command line says has this form; JSON has its own.
 */
export function formatLocalMs(atMs: number): string {
  return localText(atMs, '')
}

/** The same with microseconds, which tell one commit from the next: `2026-11-21 08:30:20.118000+08`. */
export function formatLocalMicros(micros: bigint): string {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  return localText(Number((micros - below) / 1000n), `.${String(below).padStart(6, '0')}`)
}

/** `2026-11-21 08:30:20` of a date whose UTC fields hold the wall clock. */
export function wallClockText(wallClock: Date): string {
  return wallClock.toISOString().slice(0, 19).replace('T', ' ')
}

/** `+08`, `-03:30`. */
export function formatOffset(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const rest = Math.abs(minutes) % 60
  const hours = Math.floor(Math.abs(minutes) / 60)
  return `${minutes < 0 ? '-' : '+'}${two(hours)}${rest === 0 ? '' : `:${two(rest)}`}`
}

function localText(atMs: number, fraction: string): string {
  const minutes = -new Date(atMs).getTimezoneOffset()
  return `${wallClockText(new Date(atMs + minutes * 60_000))}${fraction}${formatOffset(minutes)}`
}
