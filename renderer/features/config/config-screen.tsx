import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { ConfigForm } from './config-form.tsx'
import './config.css'

/** Every setting that `pg_probackup.conf` of an instance may hold, its default, and what is overridden. */
export function ConfigScreen({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const known = useQuery(`config ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['instances.settings'](instance, { signal }),
  )
  const value = known.kind === 'ready' ? known.value : known.kind === 'failed' ? known.last : undefined
  return (
    <div className="page config">
      {known.kind === 'failed' ? <EngineErrorCard error={known.error} onRetry={known.refetch} /> : null}
      {known.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={10} /> : null}
      {value === undefined ? null : <ConfigForm instance={instance} known={value} />}
    </div>
  )
}
