import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import type { Query } from '../../lib/use-query.ts'
import { CopyText, Skeleton } from '../../ui/parts.tsx'

const MARKS = { ok: '✓', warning: '!', blocked: '✕' } as const

/** What was looked at before anything is written. */
export function PreflightStep({ plan }: { readonly plan: Query<RestorePlan> }) {
  const { say } = useTexts()
  if (plan.kind === 'loading') return <Skeleton label={say('restore.planning')} />
  if (plan.kind === 'failed') return <EngineErrorCard error={plan.error} onRetry={plan.refetch} />
  return (
    <ul className="probe" aria-live="polite">
      {plan.value.preflight.map(({ code, state, sentence, hint }, index) => (
        <li key={`${code} ${index}`} className={state}>
          <b aria-hidden="true">{MARKS[state]}</b>
          <span>{saySentence(say, 'preflight', sentence)}</span>
          {hint === undefined ? null : (
            <small className="quiet">{saySentence(say, 'preflight-hint', hint)}</small>
          )}
        </li>
      ))}
    </ul>
  )
}

/** The plan as it will be carried out: the picture of it, the same as a command, and the settings for recovery. */
export function ReviewStep({ plan }: { readonly plan: Query<RestorePlan> }) {
  const { say } = useTexts()
  if (plan.kind === 'loading') return <Skeleton label={say('restore.planning')} />
  if (plan.kind === 'failed') return <EngineErrorCard error={plan.error} onRetry={plan.refetch} />
  const { chain, dataDirectory, tablespaces, externalDirs, command, recoverySettings } = plan.value
  return (
    <>
      <div className="flow">
        {chain.map(({ id, mode, dataBytes }) => (
          <div key={id} className="flow-block">
            <b>{mode}</b>
            <span className="mono">{id}</span>
            <small>{formatBytes(dataBytes)}</small>
          </div>
        ))}
        <span className="flow-arrow" aria-hidden="true">
          →
        </span>
        <div className="flow-block target">
          <b>{say('restore.to')}</b>
          <span className="mono">{dataDirectory}</span>
          {[...tablespaces, ...externalDirs].map(({ from, to }) => (
            <small key={from} className="mono">
              {to}
            </small>
          ))}
        </div>
      </div>
      <h3>{say('restore.command')}</h3>
      <CopyText text={command} label={say('common.copy')} doneLabel={say('common.copied')} />
      <h3>{say('restore.settings')}</h3>
      {recoverySettings === '' ? (
        <p className="quiet">{say('restore.no-settings')}</p>
      ) : (
        <CopyText text={recoverySettings} label={say('common.copy')} doneLabel={say('common.copied')} />
      )}
    </>
  )
}
