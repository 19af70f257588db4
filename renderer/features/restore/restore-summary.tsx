import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import type { Query } from '../../lib/use-query.ts'

/** Beside every step: where it goes, what it reads and writes, and whether anything stands in the way. */
export function RestoreSummary(props: {
  readonly plan: Query<RestorePlan | undefined>
  /** The plan before the last change: its figures stay while the new one is made. */
  readonly last: RestorePlan | undefined
  /** Warnings that were not ticked yet. */
  readonly openCount: number
  readonly directory: string
}) {
  const { plan, last, openCount, directory } = props
  const { say } = useTexts()
  const value = plan.kind === 'ready' ? plan.value : plan.kind === 'loading' ? last : undefined
  const isForced = value?.preflight.some(({ sentence }) => sentence.code === 'status-forced') === true
  return (
    <aside className="summary" aria-label={say('restore.summary')} data-region>
      <h2>{say('restore.summary')}</h2>
      <dl className="facts">
        <dt>{say('restore.goes-to')}</dt>
        <dd className="mono">{directory === '' ? '—' : directory}</dd>
        <dt>{say('restore.chain')}</dt>
        <dd className="mono">{value?.chain.map(({ id }) => id).join(' → ') ?? '—'}</dd>
        <dt>{say('restore.reads')}</dt>
        <dd>{formatBytes(value?.readBytes)}</dd>
        <dt>{say('restore.writes')}</dt>
        <dd>{formatBytes(value?.writeBytes)}</dd>
      </dl>
      {value === undefined ? (
        <RoomBar need={undefined} free={undefined} />
      ) : (
        <RoomBar
          need={value.rooms.reduce((sum, { needBytes }) => sum + needBytes, 0)}
          free={value.freeBytes}
        />
      )}
      {plan.kind === 'loading' ? <p className="quiet">{say('restore.planning')}</p> : null}
      {plan.kind === 'failed' ? <p className="status broken">{say('restore.plan-failed')}</p> : null}
      {isForced ? <p className="status broken">✕ {say('forced.summary')}</p> : null}
      {value === undefined || plan.kind !== 'ready' ? null : value.isBlocked ? (
        <p className="status broken">✕ {say('restore.blocked')}</p>
      ) : isForced && openCount === 0 ? null : (
        <p className={openCount === 0 ? 'quiet' : 'status look'}>
          {openCount === 0 ? `✓ ${say('restore.ready')}` : `! ${say('restore.look', { count: openCount })}`}
        </p>
      )}
    </aside>
  )
}

/** What is needed of what is free. */
function RoomBar({ need, free }: { readonly need: number | undefined; readonly free: number | undefined }) {
  const { say } = useTexts()
  if (need === undefined || free === undefined || free === 0) return null
  const share = Math.min(1, need / free)
  return (
    <div>
      <div className="bar" aria-hidden="true">
        <i
          style={{
            width: `${Math.max(1, share * 100)}%`,
            background: need > free ? 'var(--broken)' : 'var(--mark-strong)',
          }}
        />
      </div>
      <small className="quiet">
        {say(need > free ? 'preflight.space-short' : 'preflight.space-enough', {
          need: formatBytes(need),
          free: formatBytes(free),
        })}
      </small>
    </div>
  )
}
