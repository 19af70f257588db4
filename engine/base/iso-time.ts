import type { Branded } from './brand.ts'

/** A moment as text with microseconds and an offset where they are known, `2026-11-21T00:30:20.123456Z`. */
export type IsoTime = Branded<string, 'IsoTime'>

/** The ISO text of a Unix second, in UTC. */
export function isoFromSeconds(seconds: number): IsoTime {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z') as IsoTime
}

/** The ISO text of a Unix millisecond, in UTC. */
export function isoFromMs(ms: number): IsoTime {
  return new Date(ms).toISOString() as IsoTime
}

/** The Unix second that an ISO text falls into. */
export function secondsFromIso(time: IsoTime): number {
  return Math.floor(Date.parse(time) / 1000)
}
