import { useEffect, useState } from 'react'
import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate } from '../../lib/stores.ts'
import { type Query, useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { HowStep, WhereStep } from './choose-steps.tsx'
import { endOf, handleOf, latestOf, onGreen, restoreTargetOf } from './moment-choice.ts'
import { MomentStep } from './moment-step.tsx'
import { PreflightStep, ReviewStep } from './plan-steps.tsx'
import { requestOf, type RestoreSubject } from './restore-draft.ts'
import { forgetRestore, type PendingRestore, useRestore } from './restore-store.ts'
import { RestoreSummary } from './restore-summary.tsx'
import { type RecoveryFacts, useRecovery } from './use-recovery.ts'
import { useVerdict } from './use-verdict.ts'
import './restore.css'

const STEPS = ['what', 'where', 'how', 'preflight', 'review'] as const
type Step = (typeof STEPS)[number]

type Subject = { readonly instance: InstanceRef; readonly backupId: string | undefined }

/** The guided restore, of one backup or to any moment: five steps, any of them reachable once there is a moment. */
export function RestoreScreen({ instance, backupId }: Subject) {
  const { say } = useTexts()
  const recovery = useRecovery(instance)
  const known = recovery.kind === 'ready' ? recovery.value : undefined
  return (
    <div className="page restore">
      <h1>{backupId === undefined ? say('restore.title-moment') : say('restore.title', { id: backupId })}</h1>
      {recovery.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={8} /> : null}
      {recovery.kind === 'failed' ? (
        <>
          <EngineErrorCard error={recovery.error} onRetry={recovery.refetch} />
          <BackToChains instance={instance} backupId={backupId} />
        </>
      ) : null}
      {known === undefined ? null : <Guided instance={instance} backupId={backupId} facts={known} />}
    </div>
  )
}

function BackToChains({ instance, backupId }: Subject) {
  const { say } = useTexts()
  return (
    <div className="row">
      <button
        type="button"
        className="button"
        onClick={() =>
          navigate({ screen: 'chains', instance, ...(backupId !== undefined && { selected: backupId }) })
        }
      >
        {say('restore.go-back')}
      </button>
    </div>
  )
}

function Guided({ instance, backupId, facts }: Subject & { readonly facts: RecoveryFacts }) {
  const { say } = useTexts()
  const [pending, change] = useRestore(instance, backupId)
  const { choice } = pending
  const verdict = useVerdict(instance, choice)
  const found = handleOf(choice, verdict.isPending ? undefined : verdict.record, facts.lanes)
  // What cannot be reached leaves the handle where it was.
  const isRefused =
    verdict.error !== undefined || (!verdict.isPending && verdict.record?.kind !== 'reachable')
  const resting = onGreen(pending.handle, facts.lanes)
  const handle = isRefused ? resting : (found ?? resting)
  useEffect(() => {
    if (choice === undefined) {
      const first = backupId === undefined ? latestOf(facts.lanes, undefined) : endOf(backupId)
      if (first !== undefined) change({ choice: first })
    } else if (!isRefused && !verdict.isPending && found !== undefined && !isSame(found, pending.handle))
      change({ handle: found })
  })
  const moment =
    choice !== undefined &&
    !verdict.isPending &&
    verdict.record?.kind === 'reachable' &&
    verdict.error === undefined
      ? verdict.record
      : undefined
  const id = moment?.chain.at(-1)
  const isStream = facts.backups.find((one) => one.id === id)?.isStream === true
  const subject: RestoreSubject | undefined =
    choice === undefined || moment === undefined || id === undefined
      ? undefined
      : { ...instance, id, ...restoreTargetOf(choice, moment, isStream) }
  const name: Step = STEPS[pending.step] ?? 'what'
  const goTo = (step: number): void => change({ step })
  const next = (): void => {
    if (subject !== undefined) goTo(1)
  }
  return (
    <div className={name === 'what' ? 'restore-layout wide' : 'restore-layout'}>
      <ol className="rail" aria-label={say('restore.steps')}>
        {STEPS.map((one, index) => (
          <li key={one}>
            <button
              type="button"
              aria-current={one === name ? 'step' : undefined}
              disabled={index > 0 && subject === undefined}
              onClick={() => goTo(index)}
            >
              <b aria-hidden="true">{index + 1}</b> {say(`restore.${one}`)}
            </button>
          </li>
        ))}
      </ol>
      {name === 'what' ? (
        <section className="step card" aria-label={say('restore.what')} data-region>
          <MomentStep
            instance={instance}
            facts={facts}
            pending={pending}
            handle={handle}
            verdict={verdict}
            onChange={change}
            onNext={next}
          />
          <StepFoot step={0} onStep={goTo} isReady={subject !== undefined} />
        </section>
      ) : subject === undefined ? (
        <section className="step card" aria-label={say(`restore.${name}`)} data-region>
          {verdict.isPending ? (
            <Skeleton label={say('restore.planning')} />
          ) : (
            <p className="status broken">✕ {say('restore.no-moment')}</p>
          )}
          <StepFoot step={pending.step} onStep={goTo} isReady={false} />
        </section>
      ) : (
        <Planned
          key={subject.id}
          subject={subject}
          name={name}
          pending={pending}
          onChange={change}
          onStarted={() => forgetRestore(instance, backupId)}
        />
      )}
    </div>
  )
}

function isSame(a: PendingRestore['handle'], b: PendingRestore['handle']): boolean {
  return a?.timeline === b?.timeline && a?.ms === b?.ms
}

function StepFoot(props: {
  readonly step: number
  readonly isReady: boolean
  readonly onStep: (step: number) => void
}) {
  const { step, isReady, onStep } = props
  const { say } = useTexts()
  return (
    <div className="row step-foot">
      <button type="button" className="button" disabled={step === 0} onClick={() => onStep(step - 1)}>
        {say('common.back')}
      </button>
      <span className="grow quiet">{say('restore.progress', { step: step + 1, steps: STEPS.length })}</span>
      <button type="button" className="button primary" disabled={!isReady} onClick={() => onStep(step + 1)}>
        {say('common.next')}
      </button>
    </div>
  )
}

type PlannedProps = {
  readonly subject: RestoreSubject
  readonly name: Step
  readonly pending: PendingRestore
  readonly onChange: (changes: Partial<PendingRestore>) => void
  readonly onStarted: () => void
}

/** The steps after the first: they need to know what lies outside of the data directory. */
function Planned(props: PlannedProps) {
  const { catalog, instance, id } = props.subject
  const engine = useEngine()
  const { say } = useTexts()
  const start = useQuery(`restore ${catalog}\n${instance}\n${id}`, async (signal) => {
    const ref = { catalog, instance, id }
    const { path: scratch } = await engine['restore.scratch-directory'](ref, { signal })
    // What lies outside the data directory is known to the plan; it is asked once without any mapping.
    const outside = await engine['restore.plan']({ ...ref, dataDirectory: `${scratch}/data` }, { signal })
    return { scratch, outside }
  })
  if (start.kind === 'ready')
    return <PlannedSteps {...props} scratch={start.value.scratch} outside={start.value.outside} />
  return (
    <section className="step card" aria-label={say(`restore.${props.name}`)} data-region>
      {start.kind === 'loading' ? (
        <Skeleton label={say('restore.planning')} lines={8} />
      ) : (
        <>
          <EngineErrorCard error={start.error} onRetry={start.refetch} />
          <BackToChains instance={{ catalog, instance }} backupId={id} />
        </>
      )}
      <StepFoot
        step={props.pending.step}
        onStep={(step) => props.onChange({ step })}
        isReady={start.kind === 'loading'}
      />
    </section>
  )
}

function PlannedSteps(props: PlannedProps & { readonly scratch: string; readonly outside: RestorePlan }) {
  const { subject, name, pending, onChange, scratch, outside } = props
  const { draft } = pending
  const engine = useEngine()
  const { say } = useTexts()
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const request = requestOf(draft, subject, scratch, outside)
  const plan: Query<RestorePlan> = useQuery(`plan ${JSON.stringify(request)}`, (signal) =>
    engine['restore.plan'](request, { signal }),
  )
  const change = (changes: Partial<PendingRestore['draft']>): void =>
    onChange({ draft: { ...draft, ...changes } })
  const run = async (): Promise<void> => {
    if (plan.kind !== 'ready') return
    setFailure(undefined)
    try {
      const { job } = await engine['restore.start']({ ...request, hash: plan.value.hash })
      announce(say('restore.started'))
      props.onStarted()
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const isBlocked = plan.kind !== 'ready' || plan.value.isBlocked
  return (
    <>
      <section className="step card" aria-label={say(`restore.${name}`)} data-region>
        {name === 'where' ? (
          <WhereStep draft={draft} scratch={scratch} outside={outside} onChange={change} />
        ) : null}
        {name === 'how' ? (
          <HowStep draft={draft} hasTarget={subject.target !== undefined} onChange={change} />
        ) : null}
        {name === 'preflight' ? <PreflightStep plan={plan} /> : null}
        {name === 'review' ? <ReviewStep plan={plan} /> : null}
        {failure === undefined ? null : <EngineErrorCard error={failure} onRetry={plan.refetch} />}
        {name === 'review' ? (
          <div className="row step-foot">
            <button type="button" className="button" onClick={() => onChange({ step: pending.step - 1 })}>
              {say('common.back')}
            </button>
            <span className="grow quiet">
              {say('restore.progress', { step: STEPS.length, steps: STEPS.length })}
            </span>
            <button type="button" className="button primary" disabled={isBlocked} onClick={() => void run()}>
              {say('restore.start')}
            </button>
          </div>
        ) : (
          <StepFoot step={pending.step} onStep={(step) => onChange({ step })} isReady />
        )}
        {name === 'review' && plan.kind === 'ready' && plan.value.isBlocked ? (
          <p className="status broken" role="alert">
            {say('restore.blocked')}
          </p>
        ) : null}
      </section>
      <RestoreSummary plan={plan} directory={request.dataDirectory} />
    </>
  )
}
