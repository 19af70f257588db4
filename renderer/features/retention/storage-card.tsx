import { occupiedAt, type StorageForecast } from '../../../engine/base/storage-forecast.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { dayOf } from './retention-texts.ts'

const CENTURY_SECONDS = 100 * 365 * 86_400

/** How full the place of the catalog gets: at this rate, under the policy that is rehearsed, and on the day looked at. */
export function StorageCard(props: {
  readonly forecast: StorageForecast
  readonly freeBytes: number | undefined
  readonly nowMs: number
  /** Undefined for today. */
  readonly asOfMs: number | undefined
}) {
  const { forecast, freeBytes, nowMs, asOfMs } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const bytes = formatBytes(forecast.occupiedBytes)
  const day = (seconds: number): string => dayOf(seconds * 1000, zone)
  const then = asOfMs === undefined ? undefined : occupiedAt(forecast, asOfMs / 1000)
  return (
    <section className="card storage stack" aria-label={say('storage.title')}>
      <h2>{say('storage.title')}</h2>
      <p className="numbers">
        {freeBytes === undefined
          ? say('storage.now-unknown', { bytes })
          : say('storage.now', { bytes, free: formatBytes(freeBytes) })}
      </p>
      {forecast.kind === 'unknown' ? (
        <p className="quiet">{say(forecast.why === 'few' ? 'storage.few' : 'storage.stopped')}</p>
      ) : (
        <>
          <p className="numbers">
            {forecast.walBytesPerDay === undefined
              ? say('storage.rate-no-wal', { bytes: formatBytes(forecast.backupBytesPerDay) })
              : say('storage.rate', {
                  bytes: formatBytes(forecast.backupBytesPerDay + forecast.walBytesPerDay),
                  backups: formatBytes(forecast.backupBytesPerDay),
                  wal: formatBytes(forecast.walBytesPerDay),
                })}{' '}
            {forecast.fullAtRate === undefined ? null : (
              <strong>
                {forecast.fullAtRate - nowMs / 1000 > CENTURY_SECONDS
                  ? say('storage.full-never')
                  : say('storage.full', { date: day(forecast.fullAtRate) })}
              </strong>
            )}
          </p>
          {forecast.fullUnderPolicy === undefined ? (
            <p className="numbers">
              {say('storage.bounded', {
                bytes: formatBytes(forecast.most.bytes),
                date: day(forecast.most.seconds),
                until: day(forecast.points.at(-1)?.seconds ?? nowMs / 1000),
              })}
            </p>
          ) : (
            <p className="status broken">
              ✕ {say('storage.full-policy', { date: day(forecast.fullUnderPolicy) })}
            </p>
          )}
          {then === undefined || asOfMs === undefined ? null : (
            <p className="numbers">
              {say('storage.at', { date: dayOf(asOfMs, zone), bytes: formatBytes(then) })}
            </p>
          )}
        </>
      )}
    </section>
  )
}
