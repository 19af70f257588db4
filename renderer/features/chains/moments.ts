import { offsetMs } from '../../lib/zone-time.ts'

/**
 * Unix milliseconds of a time in the zone of a setting: `2026-11-01`, `2026-11-01T05:30` or with seconds; a missing part
 * is the first. Undefined for what is no time.
 */
export function readMoment(text: string, zone: string): number | undefined {
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[t ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?$/i.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)))
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(asUtc)
  // The 31st of a short month is no day.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59)
    return undefined
  // The offset of the wanted moment, which is known only from a moment: near a change of clocks the second look counts.
  const guess = asUtc - offsetMs(asUtc, zone)
  return asUtc - offsetMs(guess, zone)
}

/** `2026-11-01T05:30` in the zone of a setting, as {@link readMoment} reads it. */
export function writeMoment(ms: number, zone: string): string {
  return new Date(ms + offsetMs(ms, zone)).toISOString().slice(0, 16)
}
