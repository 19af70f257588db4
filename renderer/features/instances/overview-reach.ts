import { isoFromSeconds, type IsoTime, secondsFromIso } from '../../../engine/base/iso-time.ts'
import type { Protection } from '../../../engine/api/contract/instances.ts'
import type { RecoveryLaneRecord } from '../../../engine/api/contract/recovery.ts'
import { msOfIso } from '../../lib/micro-time.ts'
import type { Interval } from '../../pictures/recovery-reach.ts'

/** What can be restored at all, over every timeline. */
export type OverviewReach = {
  readonly newest: IsoTime | undefined
  readonly oldest: IsoTime | undefined
  /** False where the newest moment follows from the date of a file: nobody has read the WAL there. */
  readonly isExact: boolean
  /** Where every moment can be restored, in Unix milliseconds; they may lie upon each other. */
  readonly stretches: readonly Interval[]
}

/**
 * Joins what backups alone reach with what archived WAL adds. As long as the lanes are not known there are none, and the
 * backups alone count. Pure.
 */
export function overviewReach(
  {
    newestRestorable: newest,
    oldestRestorable: oldest,
  }: Pick<Protection, 'newestRestorable' | 'oldestRestorable'>,
  lanes: readonly Pick<RecoveryLaneRecord, 'zones'>[],
): OverviewReach {
  const zones = lanes
    .flatMap((lane) => lane.zones)
    .flatMap(({ fromTime, toTime }) => (fromTime && toTime ? [{ fromTime, toTime }] : []))
  const stretches = zones.map(({ fromTime, toTime }) => ({
    fromMs: msOfIso(fromTime.at),
    toMs: Math.max(msOfIso(fromTime.at), msOfIso(toTime.at)),
  }))
  const [latest] = zones
    .map(({ toTime }) => toTime)
    .toSorted((one, other) => msOfIso(other.at) - msOfIso(one.at))
  return latest !== undefined && (newest === undefined || msOfIso(latest.at) > msOfIso(newest))
    ? {
        newest: latest.isExact ? latest.at : roundedDown(latest.at),
        oldest,
        isExact: latest.isExact,
        stretches,
      }
    : { newest, oldest, isExact: true, stretches }
}

/** The date of a file says nothing of fractions of a second. */
function roundedDown(time: IsoTime): IsoTime {
  return isoFromSeconds(secondsFromIso(time))
}
