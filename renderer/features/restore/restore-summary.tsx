import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import type { Query } from '../../lib/use-query.ts'

/** Beside every step: where it goes, what it reads and writes, and whether anything stands in the way. */
export function RestoreSummary({
  plan,
  directory,
}: {
  readonly plan: Query<RestorePlan>
  readonly directory: string
}) {
  const { say } = useTexts()
  const value = plan.kind === 'ready' ? plan.value : undefined
  const looks = value?.preflight.filter(({ state }) => state === 'warning').length ?? 0
  return (
    <aside className="summary" aria-label={say('restore.summary')} data-region>
      <h2>{say('restore.summary')}</h2>
      <dl className="facts">
        <dt>{say('restore.to')}</dt>
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
        <RoomBar need={value.writeBytes} free={value.freeBytes} />
      )}
      {plan.kind === 'loading' ? <p className="quiet">{say('restore.planning')}</p> : null}
      {plan.kind === 'failed' ? <p className="status broken">{say('restore.plan-failed')}</p> : null}
      {value === undefined ? null : value.isBlocked ? (
        <p className="status broken">✕ {say('restore.blocked')}</p>
      ) : (
        <p className={looks === 0 ? 'quiet' : 'status look'}>
          {looks === 0 ? `✓ ${say('restore.ready')}` : `! ${say('restore.look', { count: looks })}`}
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
