import { useEffect, useRef, useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { CopyText, Dialog, Skeleton } from '../../ui/parts.tsx'
import { type ConfigDraft, setConfigCommand } from './config-draft.ts'

/** The lines that go and come, and the command that does the same. Exactly that is saved, or nothing. */
export function SaveDialog(props: {
  readonly instance: InstanceRef
  readonly changes: ConfigDraft
  readonly onSaved: () => void
  readonly onClose: () => void
}) {
  const { instance, onSaved, onClose } = props
  const engine = useEngine()
  const { say } = useTexts()
  // The file may change while this is open; what was asked for stays.
  const [changes] = useState(props.changes)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  // Lines that were refused are no longer shown, nor can they be saved again, while others are asked for.
  const [attempt, setAttempt] = useState(1)
  const plan = useQuery(`config-save ${instance.catalog}\n${instance.instance}\n${attempt}`, (signal) =>
    engine['instances.plan-config']({ ...instance, values: changes }, { signal }),
  )
  const ready = plan.kind === 'ready' && plan.value.problems.length === 0 ? plan.value : undefined
  const saveButton = useRef<HTMLButtonElement>(null)
  const isReady = ready !== undefined
  useEffect(() => {
    // The dialog opened before there was anything to save.
    if (isReady) saveButton.current?.focus()
  }, [isReady])
  const save = async (): Promise<void> => {
    if (ready === undefined) return
    setFailure(undefined)
    try {
      await engine['instances.change-config']({ ...instance, values: changes, hash: ready.hash })
      announce(say('config.saved'))
      onSaved()
      onClose()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
      setAttempt((count) => count + 1)
    }
  }
  return (
    <Dialog
      title={say('config.save-title', { instance: instance.instance })}
      closeLabel={say('common.close')}
      onClose={onClose}
      onSubmit={() => void save()}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
          <button ref={saveButton} type="submit" className="button primary" disabled={!isReady}>
            {say('config.save')}
          </button>
        </>
      }
    >
      <div className="stack">
        {failure === undefined ? null : <EngineErrorCard error={failure} />}
        {plan.kind === 'loading' ? <Skeleton label={say('common.loading')} /> : null}
        {plan.kind === 'failed' ? <EngineErrorCard error={plan.error} onRetry={plan.refetch} /> : null}
        {ready === undefined ? null : ready.lines.length === 0 ? (
          <p>{say('config.save-none')}</p>
        ) : (
          <div>
            <h3>{say('config.save-lines')}</h3>
            {/* It scrolls, so the keys must be able to come to it. */}
            <ul className="plain-list config-diff" tabIndex={0} aria-label={say('config.save-lines')}>
              {ready.lines.map(({ kind, text }, index) => (
                <li key={index} className={`mono ${kind}`}>
                  <span aria-hidden="true">{kind === 'gone' ? '−' : '+'}</span>
                  <span className="visually-hidden">{say(`config.save-${kind}`)}: </span>
                  {text}
                </li>
              ))}
            </ul>
          </div>
        )}
        <div>
          <h3>{say('config.save-command')}</h3>
          <CopyText
            text={setConfigCommand(instance, changes)}
            label={say('common.copy')}
            doneLabel={say('common.copied')}
          />
        </div>
      </div>
    </Dialog>
  )
}
