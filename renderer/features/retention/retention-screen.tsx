import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Empty, Skeleton } from '../../ui/parts.tsx'
import { RetentionWorkplace } from './retention-workplace.tsx'
import './retention.css'

/** How long the backups of an instance are kept, what would go, and the policy behind it. */
export function RetentionScreen({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const known = useQuery(`retention ${instance.catalog}\n${instance.instance}`, async (signal) => {
    const [list, config, archive, storage] = await Promise.all([
      engine['backups.list'](instance, { signal }),
      engine['instances.config'](instance, { signal }),
      engine['wal.archive'](instance, { signal }).catch(() => undefined),
      engine['retention.storage'](instance, { signal }),
    ])
    return { list, config, archive, storage }
  })
  const value = known.kind === 'ready' ? known.value : known.kind === 'failed' ? known.last : undefined
  const failure =
    known.kind === 'failed' ? <EngineErrorCard error={known.error} onRetry={known.refetch} /> : null
  if (value === undefined)
    return <div className="page">{failure ?? <Skeleton label={say('common.loading')} lines={8} />}</div>
  if (value.list.backups.length === 0)
    return (
      <div className="page">
        {failure}
        <Empty title={say('retention.empty')} text={say('retention.empty-text')} />
      </div>
    )
  return (
    <div className="retention">
      {failure}
      <RetentionWorkplace
        instance={instance}
        backups={value.list.backups}
        config={value.config}
        rule={value.list.retentionRule}
        archive={value.archive}
        freeBytes={value.storage.freeBytes}
      />
    </div>
  )
}
