import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'
import type { DamagedBackup } from './damaged-choice.ts'

/** Why this backup is no choice like others, and the way to what is left of it. */
export function DamagedNotice(props: {
  readonly instance: InstanceRef
  readonly damaged: DamagedBackup
  readonly isForced: boolean
  readonly onForce: (isForced: boolean) => void
}) {
  const { instance, damaged, isForced, onForce } = props
  const { id } = damaged.backup
  const { say } = useTexts()
  return (
    <div className="notice broken" role="group" aria-label={say('forced.title', { id })}>
      <p className="status broken">✕ {say('forced.title', { id })}</p>
      <p>{chainWords(damaged)}</p>
      <p>{say(isForced ? 'forced.chosen' : 'forced.text')}</p>
      <div className="row">
        <button
          type="button"
          className="button"
          onClick={() => navigate({ screen: 'chains', instance, selected: id })}
        >
          {say('restore.go-back')}
        </button>
        <button type="button" className="button" onClick={() => onForce(!isForced)}>
          {say(isForced ? 'forced.not' : 'forced.choose')}
        </button>
      </div>
    </div>
  )
}

/** Before it starts: everything that is known to be wrong with it. */
export function DamageList({ instance, id }: { readonly instance: InstanceRef; readonly id: string }) {
  const engine = useEngine()
  const { say } = useTexts()
  const damage = useQuery(`damage ${instance.catalog}\n${instance.instance}\n${id}`, (signal) =>
    engine['restore.damage']({ ...instance, id }, { signal }),
  )
  return (
    <section className="notice broken" aria-label={say('forced.known')}>
      <p className="status broken">✕ {say('forced.warning', { id })}</p>
      {damage.kind === 'loading' ? <Skeleton label={say('forced.reading')} /> : null}
      {damage.kind === 'failed' ? <EngineErrorCard error={damage.error} onRetry={damage.refetch} /> : null}
      {damage.kind !== 'ready' ? null : (
        <>
          <h2>
            {say('forced.known')} ({damage.value.count})
          </h2>
          {damage.value.count === 0 ? (
            <p>{say('forced.none')}</p>
          ) : (
            <ul className="plain-list damage-list" lang="en">
              {damage.value.findings.slice(0, MOST_SHOWN).map(({ backupId, where, message }, index) => (
                <li key={`${backupId} ${where} ${index}`}>
                  <span className="mono">
                    {backupId} {where}
                  </span>{' '}
                  <span className="quiet">{message}</span>
                </li>
              ))}
            </ul>
          )}
          {damage.value.count <= MOST_SHOWN ? null : (
            <p className="quiet">{say('forced.more', { count: damage.value.count - MOST_SHOWN })}</p>
          )}
          {damage.value.unreadIds.length === 0 ? null : (
            <p className="status look">
              ! {say('forced.unread', { ids: damage.value.unreadIds.join(', ') })}
            </p>
          )}
        </>
      )}
    </section>
  )
}

const MOST_SHOWN = 50

function chainWords({ chain }: DamagedBackup): string {
  return chain.map(({ id, mode, status }) => `${mode} ${id}: ${status}`).join(' → ')
}
