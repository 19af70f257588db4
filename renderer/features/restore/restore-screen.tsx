import { useEffect, useRef } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { damagedChoice, forcedSubject } from './damaged-choice.ts'
import { DamagedNotice } from './damaged-notice.tsx'
import { endOf, handleOf, latestOf, onGreen, restoreTargetOf } from './moment-choice.ts'
import { MomentStep } from './moment-step.tsx'
import { Planned } from './planned-steps.tsx'
import type { RestoreSubject } from './restore-draft.ts'
import { forgetRestore, type PendingRestore, useRestore } from './restore-store.ts'
import { BackToChains, type Step, StepFoot, STEPS } from './step-foot.tsx'
import { type RecoveryFacts, useRecovery } from './use-recovery.ts'
import { useVerdict } from './use-verdict.ts'
import './restore.css'

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
  // A verdict that came first tells more: a backup that is sound by now needs no force.
  const damaged =
    moment === undefined && !verdict.isPending ? damagedChoice(choice, facts.backups) : undefined
  const isForced = damaged !== undefined && pending.forcedId === damaged.backup.id
  const subject: RestoreSubject | undefined = isForced
    ? forcedSubject(damaged, instance)
    : choice === undefined || moment === undefined || id === undefined
      ? undefined
      : {
          ...instance,
          id,
          ...(choice.baseId === undefined && moment.remarks.includes('estimated') && { isEstimated: true }),
          ...restoreTargetOf(choice, moment, isStream),
        }
  const name: Step = STEPS[pending.step] ?? 'what'
  const rail = useRef<HTMLOListElement>(null)
  const shown = useRef(name)
  useEffect(() => {
    if (shown.current === name) return
    shown.current = name
    // What had the focus went with the step before: keys go on from the name of this one.
    if (document.activeElement === document.body)
      rail.current?.querySelector<HTMLElement>('[aria-current="step"]')?.focus()
  }, [name])
  const goTo = (step: number): void => change({ step })
  const next = (): void => {
    if (subject !== undefined) goTo(1)
  }
  return (
    <div className={name === 'what' ? 'restore-layout wide' : 'restore-layout'}>
      <ol ref={rail} className="rail" aria-label={say('restore.steps')}>
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
          {damaged === undefined ? null : (
            <DamagedNotice
              instance={instance}
              damaged={damaged}
              isForced={isForced}
              onForce={(force) => change({ forcedId: force ? damaged.backup.id : undefined })}
            />
          )}
          <MomentStep
            instance={instance}
            facts={facts}
            pending={pending}
            handle={handle}
            verdict={verdict}
            onChange={change}
            onNext={next}
          />
          <div className="row">
            <button
              type="button"
              className="button"
              disabled={subject === undefined || isForced}
              onClick={() => {
                if (subject !== undefined) navigate({ screen: 'drill', instance, ...testOf(subject) })
              }}
            >
              {say('inspector.test')}
            </button>
          </div>
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
          way={moment}
          name={name}
          pending={pending}
          onChange={change}
          onStarted={() => forgetRestore(instance, backupId)}
        />
      )}
    </div>
  )
}

/** What a test of the restore is asked to do: the end of a backup needs no target. */
function testOf({ id, target, isInclusive, targetTimeline }: RestoreSubject) {
  return target === undefined
    ? { backupId: id }
    : {
        target,
        ...(isInclusive !== undefined && { isInclusive }),
        ...(targetTimeline !== undefined && { targetTimeline }),
      }
}

function isSame(a: PendingRestore['handle'], b: PendingRestore['handle']): boolean {
  return a?.timeline === b?.timeline && a?.ms === b?.ms
}
