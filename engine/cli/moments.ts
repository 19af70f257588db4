import { EngineError } from '../base/engine-error.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { formatLocalMs, formatOffset, wallClockText } from '../base/local-time.ts'

const MOMENT =
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})(?:[T ]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?<fraction>\.\d{1,6})?)?)?\s*(?<zone>Z|[+-]\d{1,2}(?::?\d{2})?)?$/i

/** A moment that a person gave, in the two forms that are asked for. */
export type Moment = {
  /** For the engine: ISO with an offset, whole seconds. */
  readonly iso: IsoTime
  /** As PostgreSQL reads it, with the fraction and the offset: `2026-11-21 10:00:00.5+08`. */
  readonly text: string
}

/**
 * Reads `2026-11-21 10:00:00+08`, with or without time of day, fraction and offset.
 * Without an offset it is local time (`TZ`).
 *
 * @throws {EngineError} `value.malformed`, also for days that no calendar has.
 */
export function parseMoment(text: string): Moment {
  const parts = MOMENT.exec(text.trim())?.groups
  if (parts === undefined) throw notAMoment(text)
  const number = (name: string): number => Number(parts[name] ?? 0)
  const fields = [
    number('year'),
    number('month') - 1,
    number('day'),
    number('hour'),
    number('minute'),
  ] as const
  const second = number('second')
  const plain = new Date(Date.UTC(...fields, second))
  const isReal =
    plain.getUTCMonth() === fields[1] &&
    plain.getUTCDate() === fields[2] &&
    plain.getUTCHours() === fields[3] &&
    fields[4] < 60 &&
    second < 60
  if (!isReal) throw notAMoment(text)

  const zone = parts['zone']
  const atMs =
    zone === undefined
      ? new Date(...fields, second).getTime()
      : plain.getTime() - offsetMinutes(zone) * 60_000
  const minutes = zone === undefined ? -new Date(atMs).getTimezoneOffset() : offsetMinutes(zone)
  const shown = `${wallClockText(new Date(atMs + minutes * 60_000))}${parts['fraction'] ?? ''}${formatOffset(minutes)}`
  return { iso: new Date(atMs).toISOString().replace('.000Z', 'Z') as IsoTime, text: shown }
}

/** A moment in local time (`TZ`) with its offset, `2026-11-21 08:30:20+08`; minutes of the offset only where it has some. */
export function formatLocalTime(time: IsoTime): string {
  return formatLocalMs(Date.parse(time))
}

function offsetMinutes(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

function notAMoment(text: string): EngineError {
  return new EngineError('value.malformed', `"${text}" is not a time`, {
    hint: 'Write it as 2026-11-21 10:00:00+08; without an offset it is local time.',
  })
}
