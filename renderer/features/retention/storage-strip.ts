import { occupiedAt, type StorageForecast } from '../../../engine/base/storage-forecast.ts'
import { formatBytes } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import type { LifeStorage, LifeStored } from '../../pictures/life-storage.tsx'
import { dayOf } from './retention-texts.ts'

/** The curve of a forecast. */
export function storedOf(forecast: StorageForecast): readonly LifeStored[] {
  return forecast.kind === 'unknown'
    ? []
    : forecast.points.map(({ seconds, bytes }) => ({ ms: seconds * 1000, bytes }))
}

/** The strip below the life-lines, with its words for one day. */
export function storageStrip(
  forecast: StorageForecast,
  points: readonly LifeStored[],
  asOfSeconds: number,
  { say, zone }: { readonly say: Say; readonly zone: string },
): LifeStorage {
  const name = say('storage.row')
  const there = occupiedAt(forecast, asOfSeconds)
  if (forecast.kind === 'unknown' || there === undefined) {
    const hasStopped = forecast.kind === 'unknown' && forecast.why === 'stopped'
    const label = say(hasStopped ? 'storage.stopped' : 'storage.few')
    return { points, capacityBytes: undefined, name, value: '—', label, limit: '' }
  }
  const { most, capacityBytes } = forecast
  return {
    points,
    capacityBytes,
    name,
    value: formatBytes(there),
    label: say('storage.label', {
      bytes: formatBytes(there),
      date: dayOf(asOfSeconds * 1000, zone),
      most: formatBytes(most.bytes),
      mostDate: dayOf(most.seconds * 1000, zone),
    }),
    limit: say('storage.capacity', { bytes: formatBytes(capacityBytes) }),
  }
}
