import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { useQuery } from '../../lib/use-query.ts'
import { VolumeBars } from '../../pictures/volume-bars.tsx'
import { Skeleton } from '../../ui/parts.tsx'
import { dayEdges } from './day-edges.ts'

const DAYS = 30
const HOUR_MS = 3_600_000

/** How much WAL each of the last days wrote, as far as the index knows it. */
export function VolumeCard({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const nowMs = useNow(HOUR_MS)
  const { edges, days } = dayEdges(nowMs, DAYS, zone)
  const volume = useQuery(
    `wal volume ${instance.catalog}\n${instance.instance}\n${edges.join(' ')}`,
    (signal) => engine['wal.volume']({ ...instance, edges: [...edges] }, { signal }),
  )
  const bytes = volume.kind === 'ready' ? volume.value.bytes : []
  const sum = bytes.reduce((all, one) => all + one, 0)
  return (
    <section className="card" aria-label={say('wal.volume')}>
      <h2>{say('wal.volume')}</h2>
      {volume.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={2} /> : null}
      {volume.kind === 'failed' ? <EngineErrorCard error={volume.error} onRetry={volume.refetch} /> : null}
      {volume.kind !== 'ready' ? null : sum === 0 ? (
        <p className="quiet">{say('wal.volume-none')}</p>
      ) : (
        <>
          <VolumeBars
            amounts={bytes}
            texts={days.map((day, index) => `${day}: ${formatBytes(bytes[index])}`)}
            ends={[days[0] ?? '', days.at(-1) ?? '']}
            label={say('wal.volume-label', {
              bytes: formatBytes(sum),
              most: formatBytes(Math.max(...bytes)),
            })}
          />
          <p>{say('wal.volume-text', { today: formatBytes(bytes.at(-1)), bytes: formatBytes(sum) })}</p>
        </>
      )}
    </section>
  )
}
