import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { WalArchiveRecord } from '../../../engine/api/contract/wal.ts'
import type { ReceiverStatus } from '../../../engine/api/contract/wal-receiver.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes, formatDuration, formatTime, timeUnits } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { type QueryState, useQuery } from '../../lib/use-query.ts'
import { LagGauge } from '../../pictures/lag-gauge.tsx'
import { Skeleton } from '../../ui/parts.tsx'
import { bytesBeyondArchive } from './beyond-archive.ts'

const LATE_SECONDS = 60

/** How far the archive is behind: what the receiver says while one runs, else the age of the last archived commit. */
export function LagCard({
  instance,
  record,
  receiver,
}: {
  readonly instance: InstanceRef
  readonly record: WalArchiveRecord
  readonly receiver: QueryState<ReceiverStatus>
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const nowMs = useNow(5000)
  const zone = useStore((store) => store.settings.timeZone)
  const key = `${instance.catalog}\n${instance.instance}`
  const status = useQuery(`wal index ${key}`, (signal) => engine['wal.index-status'](instance, { signal }))
  const live = receiver.kind === 'ready' ? receiver.value : undefined
  const lagMs = live?.phase === 'off' || live?.phase === 'elsewhere' ? undefined : live?.lagMs
  const last = status.kind === 'ready' ? status.value.lastCommitAt : undefined
  const seconds = lagMs !== undefined ? lagMs / 1000 : last && (nowMs - Date.parse(last)) / 1000
  return (
    <section className="card" aria-label={say('wal.lag')}>
      <h2>{say('wal.lag')}</h2>
      {status.kind === 'loading' && seconds === undefined ? (
        <Skeleton label={say('common.loading')} lines={2} />
      ) : null}
      {status.kind === 'failed' && seconds === undefined ? (
        <EngineErrorCard error={status.error} onRetry={status.refetch} />
      ) : null}
      {seconds === undefined ? (
        status.kind === 'ready' ? (
          <p className="quiet">{say('wal.lag-unknown')}</p>
        ) : null
      ) : (
        <>
          <LagGauge
            seconds={seconds}
            units={timeUnits()}
            isLate={lagMs !== undefined && seconds > LATE_SECONDS}
            label={say('wal.lag-label', { time: formatDuration(seconds) })}
          />
          {lagMs === undefined ? (
            <p>
              {say('wal.last-commit', { time: formatDuration(seconds) })}
              <small className="quiet numbers block">
                {formatTime(last, zone)} · <AtRisk instance={instance} record={record} />
              </small>
            </p>
          ) : (
            <p>
              {seconds === 0
                ? say('wal.lag-none')
                : say('wal.lag-text', { time: formatDuration(seconds), bytes: formatBytes(live?.lagBytes) })}
              <small className="quiet numbers block">
                {live?.safeAt === undefined
                  ? null
                  : say('wal.safe-at', { at: formatTime(live.safeAt, zone) })}
              </small>
            </p>
          )}
        </>
      )}
    </section>
  )
}

/** What would be lost with the server: nothing where it has written nothing since, which an old last commit does not tell. */
function AtRisk({ instance, record }: { readonly instance: InstanceRef; readonly record: WalArchiveRecord }) {
  const engine = useEngine()
  const { say } = useTexts()
  const end = record.timelines.map(({ segments }) => segments?.end).join()
  const server = useQuery(`wal now ${instance.catalog}\n${instance.instance}\n${end}`, (signal) =>
    engine['wal.slots'](instance, { signal }),
  )
  const bytes = server.kind === 'ready' ? bytesBeyondArchive(record, server.value.nowLsn) : undefined
  if (bytes === undefined) return say('wal.last-commit-text')
  return bytes === 0 ? say('wal.nothing-since') : say('wal.written-since', { bytes: formatBytes(bytes) })
}
