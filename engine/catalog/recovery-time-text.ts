import { EngineError } from '../base/engine-error.ts'

const TARGET_TIME =
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})(?:[T ]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<fraction>\d{1,6})0*)?)?)?\s*(?<zone>Z|UTC|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?)?$/i

const OFFSET = /^(?<sign>[+-])(?<hours>\d{1,2}):?(?<minutes>\d{2})?:?(?<seconds>\d{2})?$/

/** Source: PostgreSQL `src/include/datatype/timestamp.h`, `MAX_TZDISP_HOUR`. */
const MOST_OFFSET_SECONDS = 16 * 3600 - 1
const HOUR_MS = 3_600_000

/**
 * The Unix microsecond of a time with its offset, `2026-11-20 09:12:41.118+08`. A text without one is read in `zone`, an
 * offset or a name of the time zone database; without a zone it is refused: whose clock it was is not ours to guess.
 *
 * @throws {EngineError} `value.malformed`, also for days and hours that no calendar has, or that a zone has twice
 */
export function parseTargetTime(text: string, zone?: string): bigint {
  const parts = TARGET_TIME.exec(text.trim())?.groups
  if (parts === undefined) throw malformed(text)
  const number = (name: string): number => Number(parts[name] ?? 0)
  const [month, hour, minute, second] = [
    number('month') - 1,
    number('hour'),
    number('minute'),
    number('second'),
  ]
  const wallMs = Date.UTC(number('year'), month, number('day'), hour, minute, second)
  const isReal = new Date(wallMs).getUTCMonth() === month && hour < 24 && minute < 60 && second < 60
  // Two digits of a year mean another century to Date.
  if (!isReal || number('year') < 100) throw malformed(text)
  const fraction = BigInt((parts['fraction'] ?? '').padEnd(6, '0'))
  const own = parts['zone'] ?? zone
  if (own === undefined) {
    throw new EngineError('value.malformed', `"${text}" does not say which zone it is in`, {
      hint: 'Write the offset as well, for example 2026-11-20 09:12:41.118+08.',
    })
  }
  return BigInt(momentInZone(wallMs, own, text)) * 1000n + fraction
}

/** A time in UTC as servers read it, always with microseconds: `2026-11-20 09:12:41.118000+00`. */
export function formatTargetTime(micros: bigint): string {
  return `${isoMicros(micros).slice(0, -1).replace('T', ' ')}+00`
}

/** The same in ISO, `2026-11-20T09:12:41.118000Z`. */
export function isoMicros(micros: bigint): string {
  const below = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - below) / 1000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(below).padStart(6, '0')}Z`
}

function momentInZone(wallMs: number, zone: string, text: string): number {
  const offset = /^(?:Z|UTC)$/i.test(zone) ? 0 : offsetMs(zone)
  if (offset !== undefined) {
    if (Math.abs(offset) > MOST_OFFSET_SECONDS * 1000) throw malformed(text)
    return wallMs - offset
  }
  // A zone changes by a few hours at most: its offsets half a day around are all that this time can have.
  const offsets = new Set([-24, 0, 24].map((hours) => offsetAt(zone, wallMs + hours * HOUR_MS)))
  const moments = [...offsets].map((one) => wallMs - one).filter((ms) => offsetAt(zone, ms) === wallMs - ms)
  const [moment, another] = moments
  if (moment === undefined || another !== undefined) {
    const how = moment === undefined ? 'does not exist' : 'comes twice'
    throw new EngineError('value.malformed', `"${text}" ${how} in ${zone}, where clocks were changed`, {
      hint: 'Write the offset as well, for example 2026-11-20 09:12:41.118+08.',
    })
  }
  return moment
}

function offsetMs(text: string): number | undefined {
  const parts = OFFSET.exec(text)?.groups
  if (parts === undefined) return undefined
  const [hours, minutes, seconds] = ['hours', 'minutes', 'seconds'].map((name) => Number(parts[name] ?? 0))
  const size = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
  return (parts['sign'] === '-' ? -size : size) * 1000
}

/** How far a zone of the time zone database is ahead of UTC, in milliseconds. */
function offsetAt(zone: string, ms: number): number {
  let name: string | undefined
  try {
    name = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
      .formatToParts(ms)
      .find(({ type }) => type === 'timeZoneName')?.value
  } catch (cause) {
    throw new EngineError('value.malformed', `"${zone}" is not a time zone`, {
      hint: 'Give an offset such as +08:00, or a name such as Europe/Berlin.',
      cause,
    })
  }
  return offsetMs((name ?? '').replace(/^GMT/, '')) ?? 0
}

function malformed(text: string): EngineError {
  return new EngineError('value.malformed', `"${text}" is not a time`, {
    hint: 'Write it with its offset and at most six digits of a second, for example 2026-11-20 09:12:41.118+08.',
  })
}
