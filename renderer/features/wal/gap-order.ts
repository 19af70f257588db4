import type { RecoveryGapRecord } from '../../../engine/api/contract/recovery.ts'

export type GapImpact = RecoveryGapRecord['impacts'][number]

/** How long moments are out of reach, in seconds; undefined where a time is not known. */
export function impactSeconds({ fromTime, toTime }: GapImpact): number | undefined {
  if (fromTime === undefined || toTime === undefined) return undefined
  return Math.max(0, (Date.parse(toTime.at) - Date.parse(fromTime.at)) / 1000)
}

/** What a gap makes unreachable on all timelines together. */
function weight(gap: RecoveryGapRecord): readonly [open: number, seconds: number, bytes: number] {
  return [
    gap.impacts.filter(({ healedBy }) => healedBy === undefined).length,
    gap.impacts.reduce((sum, impact) => sum + (impactSeconds(impact) ?? 0), 0),
    gap.impacts.reduce((sum, { bytes }) => sum + bytes, 0),
  ]
}

/** The worst first: what no backup has healed, then by the time and the WAL that cannot be reached. */
export function byImpact(gaps: readonly RecoveryGapRecord[]): readonly RecoveryGapRecord[] {
  return gaps
    .map((gap) => ({ gap, weight: weight(gap) }))
    .toSorted((a, b) => {
      const differing = a.weight.findIndex((value, index) => value !== b.weight[index])
      return differing < 0 ? 0 : (b.weight[differing] ?? 0) - (a.weight[differing] ?? 0)
    })
    .map(({ gap }) => gap)
}
