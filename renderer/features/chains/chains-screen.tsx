import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { useQuery } from '../../lib/use-query.ts'
import { ChainsWorkplace } from './chains-workplace.tsx'
import './chains.css'
import './narrow.css'

/** Chains of one instance: the picture above, its twin as a tree below, what is selected beside them. One selection for all. */
export function ChainsScreen(props: {
  readonly instance: InstanceRef
  readonly selected: string | undefined
  readonly onBackUp: () => void
}) {
  const { instance, onBackUp } = props
  const engine = useEngine()
  const list = useQuery(`chains ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['backups.list'](instance, { signal }),
  )
  if (list.kind === 'loading') return <Loading />
  if (list.kind === 'failed' && list.last === undefined) {
    return (
      <div className="chains">
        <EngineErrorCard error={list.error} onRetry={list.refetch} />
      </div>
    )
  }
  const known = list.kind === 'ready' ? list.value : list.last
  if (known === undefined || (known.backups.length === 0 && list.kind === 'ready')) {
    return <NoBackup onBackUp={onBackUp} />
  }
  return (
    <ChainsWorkplace
      instance={instance}
      list={known}
      initial={props.selected}
      onBackUp={onBackUp}
      failure={
        list.kind === 'failed' ? <EngineErrorCard error={list.error} onRetry={list.refetch} /> : undefined
      }
    />
  )
}

/** The places where picture, list and inspector will be, so that nothing jumps when they come. */
function Loading() {
  const { say } = useTexts()
  return (
    <div className="chains-layout" role="status" aria-label={say('common.loading')}>
      <div className="chains" aria-hidden="true">
        <div className="skeleton waiting-picture" />
        <div className="skeleton waiting-line" />
        <div className="skeleton grow" />
      </div>
      <div className="inspector" aria-hidden="true">
        <div className="skeleton waiting-line" />
        <div className="skeleton waiting-card" />
        <div className="skeleton waiting-line" />
        <div className="skeleton waiting-line" />
      </div>
    </div>
  )
}

/** An axis with nothing on it but the place where the first FULL will stand. */
function NoBackup({ onBackUp }: { readonly onBackUp: () => void }) {
  const { say } = useTexts()
  return (
    <div className="empty">
      <svg className="ghost" viewBox="0 0 560 90" aria-hidden="true">
        <line x1="20" x2="540" y1="64" y2="64" stroke="var(--line-strong)" />
        {[60, 180, 300, 420].map((x) => (
          <line key={x} x1={x} x2={x} y1="14" y2="64" stroke="var(--line)" />
        ))}
        <rect
          x="474"
          y="22"
          width="16"
          height="42"
          rx="2"
          fill="var(--weight)"
          stroke="var(--mark)"
          strokeDasharray="4 3"
        />
        <line x1="510" x2="510" y1="8" y2="70" stroke="var(--active)" strokeWidth="1.4" />
        <text x="510" y="84" textAnchor="middle" fontSize="12" fill="var(--active)">
          {say('chains.now')}
        </text>
      </svg>
      <h2>{say('chains.empty')}</h2>
      <p>{say('chains.empty-text')}</p>
      <button type="button" className="button primary" onClick={onBackUp}>
        {say('backup.now')}
      </button>
    </div>
  )
}
