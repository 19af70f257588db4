import type { IsoTime } from '../../engine/base/iso-time.ts'

/** Unix milliseconds of an ISO text in UTC, its microseconds behind the point: a double holds them for centuries. */
export function msOfIso(time: IsoTime): number {
  const [, whole = time, fraction = ''] = /^(.*?:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time) ?? []
  return Date.parse(`${whole}Z`) + Number(fraction.padEnd(6, '0').slice(0, 6)) / 1000
}

/** The ISO text with microseconds of what {@link msOfIso} gives. */
export function isoOfMs(ms: number): IsoTime {
  const micros = Math.round(ms * 1000)
  const seconds = Math.floor(micros / 1_000_000)
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z` as IsoTime
}

/** The whole microsecond nearest to a moment. */
export function toMicro(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
