import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { shellWord } from '../../../engine/base/shell-word.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import type { Query } from '../../lib/use-query.ts'
import { CopyText, Skeleton } from '../../ui/parts.tsx'
import { MARKS } from './mappings-table.tsx'
import { fixesOf, type PreflightFix, warningKey } from './preflight-fixes.ts'
import type { RestoreDraft } from './restore-draft.ts'

/** What was looked at before anything is written. Blocked lines stop the restore, warnings want to be ticked. */
export function PreflightStep(props: {
  readonly plan: Query<RestorePlan | undefined>
  /** The plan before the last change: it stays while the new one is made. */
  readonly last: RestorePlan | undefined
  readonly accepted: readonly string[]
  readonly onGo: (step: 'what' | 'where' | 'how') => void
  readonly onChange: (changes: Partial<RestoreDraft>) => void
}) {
  const { plan, last, accepted, onGo, onChange } = props
  const { say } = useTexts()
  if (plan.kind === 'failed') {
    return (
      <>
        <EngineErrorCard error={plan.error} onRetry={plan.refetch} />
        <div className="row">
          <button type="button" className="button" onClick={() => onGo('where')}>
            {say('wizard.fix-where')}
          </button>
        </div>
      </>
    )
  }
  const isPending = plan.kind === 'loading'
  const shown = plan.kind === 'ready' ? plan.value : last
  if (shown === undefined) {
    return isPending ? (
      <Skeleton label={say('restore.planning')} />
    ) : (
      <p className="status look">! {say('wizard.undecided')}</p>
    )
  }
  const fix = ({ step, change }: PreflightFix): void => {
    if (change !== undefined) onChange(change)
    if (step !== undefined) onGo(step)
    if (change === undefined && step === undefined) plan.refetch()
  }
  const tick = (key: string): void =>
    onChange({
      accepted: accepted.includes(key) ? accepted.filter((one) => one !== key) : [...accepted, key],
    })
  const running = shown.preflight.find(({ sentence }) => sentence.code === 'target-running')
  return (
    <>
      <ul className="probe" aria-live="polite" aria-busy={isPending}>
        {shown.preflight.map((line, index) => {
          const { code, state, sentence, hint } = line
          const key = warningKey(line)
          return (
            <li key={`${code} ${index}`} className={isPending ? 'pending' : state}>
              <b aria-hidden="true">{isPending ? '…' : MARKS[state]}</b>
              <span>{saySentence(say, 'preflight', sentence)}</span>
              {hint === undefined ? null : (
                <small className="quiet">{saySentence(say, 'preflight-hint', hint)}</small>
              )}
              {state === 'warning' ? (
                <label className="row accept">
                  <input type="checkbox" checked={accepted.includes(key)} onChange={() => tick(key)} />
                  {say('wizard.accept')}
                </label>
              ) : null}
              <span className="row fixes">
                {fixesOf(line).map((one) => (
                  <button
                    key={one.label}
                    type="button"
                    className="button small"
                    disabled={isPending}
                    onClick={() => fix(one)}
                  >
                    {say(`wizard.fix-${one.label}`)}
                  </button>
                ))}
              </span>
            </li>
          )
        })}
      </ul>
      {running === undefined ? null : (
        <>
          <h2>{say('wizard.stop-server')}</h2>
          <CopyText
            text={`pg_ctl -D ${shellWord(String(running.sentence.values['path']))} stop -m fast`}
            label={say('common.copy')}
            doneLabel={say('common.copied')}
          />
        </>
      )}
      <div className="row">
        <button type="button" className="button small" disabled={isPending} onClick={plan.refetch}>
          {say('wizard.fix-again')}
        </button>
        <span className="quiet" role="status">
          {isPending ? say('restore.planning') : ''}
        </span>
      </div>
    </>
  )
}
