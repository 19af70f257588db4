import { useState } from 'react'
import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate } from '../../lib/stores.ts'
import { type Query, useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { FRESH_DRAFT, requestOf, type RestoreDraft } from './restore-draft.ts'
import { HowStep, WhereStep } from './choose-steps.tsx'
import { PreflightStep, ReviewStep, WhatStep } from './plan-steps.tsx'
import { RestoreSummary } from './restore-summary.tsx'
import './restore.css'

const STEPS = ['what', 'where', 'how', 'preflight', 'review'] as const

/** The guided restore of one backup: five steps, any of them reachable, the plan made anew with each change. */
export function RestoreScreen({
  instance,
  backupId,
}: {
  readonly instance: InstanceRef
  readonly backupId: string
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const key = `${instance.catalog}\n${instance.instance}\n${backupId}`
  const start = useQuery(`restore ${key}`, async (signal) => {
    const { path: scratch } = await engine['restore.scratch-directory'](
      { ...instance, id: backupId },
      { signal },
    )
    // What lies outside the data directory is known to the plan; it is asked once without any mapping.
    const bare = { ...instance, id: backupId, dataDirectory: `${scratch}/data` }
    return { scratch, outside: await engine['restore.plan'](bare, { signal }) }
  })
  return (
    <div className="page restore">
      <h1>{say('restore.title', { id: backupId })}</h1>
      {start.kind === 'loading' ? <Skeleton label={say('restore.planning')} lines={8} /> : null}
      {start.kind === 'failed' ? (
        <>
          <EngineErrorCard error={start.error} onRetry={start.refetch} />
          <div className="row">
            <button
              type="button"
              className="button"
              onClick={() => navigate({ screen: 'chains', instance, selected: backupId })}
            >
              {say('restore.go-back')}
            </button>
          </div>
        </>
      ) : null}
      {start.kind === 'ready' ? (
        <Guided
          subject={{ ...instance, id: backupId }}
          scratch={start.value.scratch}
          outside={start.value.outside}
        />
      ) : null}
    </div>
  )
}

function Guided(props: {
  readonly subject: InstanceRef & { readonly id: string }
  readonly scratch: string
  readonly outside: RestorePlan
}) {
  const { subject, scratch, outside } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [step, setStep] = useState(0)
  const [draft, setDraft] = useState<RestoreDraft>(FRESH_DRAFT)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const request = requestOf(draft, subject, scratch, outside)
  const plan: Query<RestorePlan> = useQuery(`plan ${JSON.stringify(request)}`, (signal) =>
    engine['restore.plan'](request, { signal }),
  )
  const change = (changes: Partial<RestoreDraft>): void => setDraft({ ...draft, ...changes })
  const run = async (): Promise<void> => {
    if (plan.kind !== 'ready') return
    setFailure(undefined)
    try {
      const { job } = await engine['restore.start']({ ...request, hash: plan.value.hash })
      announce(say('restore.started'))
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const isBlocked = plan.kind !== 'ready' || plan.value.isBlocked
  const name = STEPS[step] ?? 'what'
  return (
    <div className="restore-layout">
      <ol className="rail" aria-label={say('restore.steps')}>
        {STEPS.map((one, index) => (
          <li key={one}>
            <button
              type="button"
              aria-current={index === step ? 'step' : undefined}
              onClick={() => setStep(index)}
            >
              <b aria-hidden="true">{index + 1}</b> {say(`restore.${one}`)}
            </button>
          </li>
        ))}
      </ol>
      <section className="step card" aria-label={say(`restore.${name}`)} data-region>
        {name === 'what' ? <WhatStep plan={outside} /> : null}
        {name === 'where' ? (
          <WhereStep draft={draft} scratch={scratch} outside={outside} onChange={change} />
        ) : null}
        {name === 'how' ? <HowStep draft={draft} onChange={change} /> : null}
        {name === 'preflight' ? <PreflightStep plan={plan} /> : null}
        {name === 'review' ? <ReviewStep plan={plan} /> : null}
        {failure === undefined ? null : <EngineErrorCard error={failure} onRetry={plan.refetch} />}
        <div className="row step-foot">
          <button type="button" className="button" disabled={step === 0} onClick={() => setStep(step - 1)}>
            {say('common.back')}
          </button>
          <span className="grow quiet">
            {say('restore.progress', { step: step + 1, steps: STEPS.length })}
          </span>
          {name === 'review' ? (
            <button type="button" className="button primary" disabled={isBlocked} onClick={() => void run()}>
              {say('restore.start')}
            </button>
          ) : (
            <button type="button" className="button primary" onClick={() => setStep(step + 1)}>
              {say('common.next')}
            </button>
          )}
        </div>
        {name === 'review' && plan.kind === 'ready' && plan.value.isBlocked ? (
          <p className="status broken" role="alert">
            {say('restore.blocked')}
          </p>
        ) : null}
      </section>
      <RestoreSummary plan={plan} directory={request.dataDirectory} />
    </div>
  )
}
