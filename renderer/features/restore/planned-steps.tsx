import { useState } from 'react'
import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { Field, Skeleton } from '../../ui/parts.tsx'
import { DamageList } from './damaged-notice.tsx'
import { HowStep } from './how-step.tsx'
import { openWarnings, replacesData } from './preflight-fixes.ts'
import { PreflightStep } from './preflight-step.tsx'
import { canPlan, requestOf, type RestoreSubject } from './restore-draft.ts'
import type { PendingRestore } from './restore-store.ts'
import { RestoreSummary } from './restore-summary.tsx'
import { ReviewStep, type RestoreWay } from './review-step.tsx'
import { BackToChains, type Step, StepFoot, STEPS } from './step-foot.tsx'
import { WhereStep } from './where-step.tsx'

const SETTLED_MS = 250

type PlannedProps = {
  readonly subject: RestoreSubject
  /** How the moment is reached, for the picture; undefined for a damaged backup. */
  readonly way: RestoreWay | undefined
  readonly name: Step
  readonly pending: PendingRestore
  readonly onChange: (changes: Partial<PendingRestore>) => void
  readonly onStarted: () => void
}

/** The steps after the first: they need to know what lies outside of the data directory. */
export function Planned(props: PlannedProps) {
  const { catalog, instance, id, isForced = false } = props.subject
  const engine = useEngine()
  const { say } = useTexts()
  const start = useQuery(`restore ${catalog}\n${instance}\n${id}`, async (signal) => {
    const ref = { catalog, instance, id }
    const { path: scratch } = await engine['restore.scratch-directory'](ref, { signal })
    // What lies outside the data directory is known to the plan; it is asked once without any mapping.
    const outside = await engine['restore.plan'](
      { ...ref, dataDirectory: `${scratch}/data`, ...(isForced && { isForced }) },
      { signal },
    )
    const { dataDirectory: own } = await engine['instances.overview']({ catalog, instance }, { signal })
    return { scratch, outside, own }
  })
  // A change of the catalog asks again; the directory that was offered stays the same until then.
  const [known, setKnown] = useState<Known | undefined>(undefined)
  if (start.kind === 'ready' && known === undefined) setKnown(start.value)
  if (known !== undefined) return <PlannedSteps {...props} {...known} />
  return (
    <section className="step card" aria-label={say(`restore.${props.name}`)} data-region>
      {start.kind === 'failed' ? (
        <>
          <EngineErrorCard error={start.error} onRetry={start.refetch} />
          <BackToChains instance={{ catalog, instance }} backupId={id} />
        </>
      ) : (
        <Skeleton label={say('restore.planning')} lines={8} />
      )}
      <StepFoot
        step={props.pending.step}
        onStep={(step) => props.onChange({ step })}
        isReady={start.kind !== 'failed'}
      />
    </section>
  )
}

type Known = {
  readonly scratch: string
  readonly outside: RestorePlan
  readonly own: string | undefined
}

function PlannedSteps(props: PlannedProps & Known) {
  const { subject, way, name, pending, onChange, scratch, outside, own } = props
  const { draft } = pending
  const isForced = subject.isForced === true
  const place = { catalog: subject.catalog, instance: subject.instance }
  const engine = useEngine()
  const { say } = useTexts()
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const [typedName, setTypedName] = useState('')
  const wanted = JSON.stringify(canPlan(draft) ? requestOf(draft, subject, scratch, outside) : null)
  const settled = useSettled(wanted, SETTLED_MS)
  const asked = useQuery(`plan ${settled}`, async (signal): Promise<RestorePlan | undefined> => {
    const request = JSON.parse(settled) as ReturnType<typeof requestOf> | null
    return request === null ? undefined : await engine['restore.plan'](request, { signal })
  })
  const plan = settled === wanted ? asked : ({ kind: 'loading', refetch: asked.refetch } as const)
  const [last, setLast] = useState<RestorePlan | undefined>(undefined)
  if (plan.kind === 'ready' && plan.value !== undefined && plan.value !== last) setLast(plan.value)
  const ready = plan.kind === 'ready' ? plan.value : undefined
  const shown = plan.kind === 'loading' ? last : ready
  const change = (changes: Partial<PendingRestore['draft']>): void =>
    onChange({ draft: { ...draft, ...changes } })
  const goTo = (step: Step): void => onChange({ step: STEPS.indexOf(step) })
  const needsName = ready !== undefined && (replacesData(ready) || isForced)
  const open = ready === undefined ? [] : openWarnings(ready, draft.accepted)
  const canStart =
    ready !== undefined &&
    !ready.isBlocked &&
    open.length === 0 &&
    (!needsName || typedName === subject.instance)
  const run = async (): Promise<void> => {
    if (ready === undefined || !canStart) return
    setFailure(undefined)
    try {
      const request = requestOf(draft, subject, scratch, outside)
      const { job } = await engine['restore.start']({ ...request, hash: ready.hash })
      announce(say('restore.started'))
      props.onStarted()
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const isContinued = ready?.incremental?.continues !== undefined
  return (
    <>
      <section className="step card" aria-label={say(`restore.${name}`)} data-region>
        {name === 'where' ? (
          <WhereStep
            draft={draft}
            scratch={scratch}
            own={own}
            outside={outside}
            plan={shown}
            onChange={change}
          />
        ) : null}
        {name === 'how' ? (
          <HowStep
            subject={subject}
            draft={draft}
            hasExternals={outside.externalDirs.length > 0}
            onChange={change}
            onWhat={() => goTo('what')}
          />
        ) : null}
        {name === 'preflight' ? (
          <PreflightStep plan={plan} last={last} accepted={draft.accepted} onGo={goTo} onChange={change} />
        ) : null}
        {name === 'review' ? (
          <ReviewStep plan={plan} way={way} hasTarget={subject.target !== undefined} />
        ) : null}
        {name === 'review' && isForced ? <DamageList instance={place} id={subject.id} /> : null}
        {failure === undefined ? null : <EngineErrorCard error={failure} onRetry={plan.refetch} />}
        {name === 'review' && needsName && !ready.isBlocked ? (
          <Field label={say('plan.type-name', { instance: subject.instance })}>
            <input
              value={typedName}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTypedName(event.target.value)}
            />
          </Field>
        ) : null}
        {name === 'review' && ready !== undefined ? (
          <Obstacles isBlocked={ready.isBlocked} openCount={open.length} onLook={() => goTo('preflight')} />
        ) : null}
        <StepFoot
          step={pending.step}
          onStep={(step) => onChange({ step })}
          isReady
          last={
            name === 'review' ? (
              <button
                type="button"
                className={needsName ? 'button danger' : 'button primary'}
                disabled={!canStart}
                onClick={() => void run()}
              >
                {say(
                  isForced
                    ? 'forced.start'
                    : isContinued
                      ? 'wizard.continue'
                      : needsName
                        ? 'wizard.replace'
                        : 'restore.start',
                )}
              </button>
            ) : undefined
          }
        />
      </section>
      <RestoreSummary
        plan={plan}
        last={last}
        openCount={open.length}
        directory={draft.place === 'scratch' ? `${scratch}/data` : draft.directory.trim()}
      />
    </>
  )
}

/** Why the restore cannot start yet. */
function Obstacles(props: {
  readonly isBlocked: boolean
  readonly openCount: number
  readonly onLook: () => void
}) {
  const { isBlocked, openCount, onLook } = props
  const { say } = useTexts()
  if (!isBlocked && openCount === 0) return null
  return (
    <p className={isBlocked ? 'status broken' : 'status look'} role="alert">
      {isBlocked ? say('restore.blocked') : say('wizard.unaccepted', { count: openCount })}
      <button type="button" className="button small" onClick={onLook}>
        {say('wizard.see')}
      </button>
    </p>
  )
}
