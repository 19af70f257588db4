import type { ScratchServerRecord } from '../../../engine/api/contract/scratch.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Empty, Skeleton } from '../../ui/parts.tsx'
import { DrillResults } from './drill-results.tsx'
import { ScratchPanel } from './scratch-panel.tsx'
import { useScratchServers } from './use-scratch-servers.ts'
import { type ChosenMoment, StartDrill } from './start-drill.tsx'
import './drill.css'

/** Restore tests of an instance: start one, look into servers that are up, read what earlier ones found. */
export function DrillScreen(props: {
  readonly instance: InstanceRef
  readonly backupId: string | undefined
  readonly moment: ChosenMoment
}) {
  const { instance, backupId, moment } = props
  const engine = useEngine()
  const { say } = useTexts()
  const key = `${instance.catalog}\n${instance.instance}`
  const drills = useQuery(`drills ${key}`, (signal) => engine['drills.list']({ ...instance }, { signal }))
  const { servers, gone, stopping, forget } = useScratchServers(key)
  const isOwn = (one: ScratchServerRecord): boolean =>
    one.catalog === instance.catalog && one.instance === instance.instance
  const own = servers.kind === 'ready' ? servers.value.filter(isOwn) : []
  return (
    <div className="page drill">
      <h1>{say('drill.title')}</h1>
      <StartDrill instance={instance} backupId={backupId} moment={moment} />
      {servers.kind === 'failed' ? <EngineErrorCard error={servers.error} onRetry={servers.refetch} /> : null}
      {gone.filter(isOwn).map(({ id, backupId: ofBackup }) => (
        <div key={id} role="alert" className="card row">
          <p className="grow">
            {say('scratch.gone', { id: ofBackup })} <span className="quiet">{say('scratch.gone-text')}</span>
          </p>
          <button type="button" className="button small" onClick={() => forget(id)}>
            {say('scratch.gone-seen')}
          </button>
        </div>
      ))}
      {own.map((server) => (
        <ScratchPanel key={server.id} server={server} onStop={() => stopping(server.id)} />
      ))}
      <section className="stack" aria-labelledby="drill-results">
        <h2 id="drill-results">{say('drill.results')}</h2>
        {drills.kind === 'loading' ? <Skeleton label={say('common.loading')} /> : null}
        {drills.kind === 'failed' ? <EngineErrorCard error={drills.error} onRetry={drills.refetch} /> : null}
        {drills.kind === 'ready' && drills.value.length === 0 ? (
          <Empty title={say('drill.none')} text={say('drill.none-text')} />
        ) : null}
        {drills.kind === 'ready' ? <DrillResults drills={drills.value} /> : null}
      </section>
    </div>
  )
}
