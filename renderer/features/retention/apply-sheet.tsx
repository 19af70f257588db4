import { useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { RetentionPlanRecord } from '../../../engine/api/contract/retention.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { Sheet } from '../../lib/plan-sheet.tsx'
import { useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { ConfirmField, Skeleton } from '../../ui/parts.tsx'
import type { Rehearsal } from './policy-editor.tsx'
import { PromiseFacts } from './promise-card.tsx'
import { dayOf, sayReason } from './retention-texts.ts'

/** So many backups are named one by one. */
const MOST_NAMED = 300
const HASH_DIGITS = 12
/** What merging and validating may take of the machine. */
const THREADS = 2

/** What a rehearsal is called when it is asked of the engine. */
export function requestOf(instance: InstanceRef, { policy, rule, mergesExpired, purgesWal }: Rehearsal) {
  return { ...instance, policy, rule, deletesExpired: true, mergesExpired, purgesWal }
}

/** Exactly what goes, and carried out only after the name of the instance was typed. */
export function ApplySheet(props: {
  readonly instance: InstanceRef
  readonly rehearsal: Rehearsal
  readonly backups: ReadonlyMap<string, BackupRecord>
  readonly onClose: () => void
}) {
  const { instance, rehearsal, backups, onClose } = props
  const { policy } = rehearsal
  const engine = useEngine()
  const { say } = useTexts()
  const [typed, setTyped] = useState('')
  const request = requestOf(instance, rehearsal)
  const plan = useQuery(`retention-apply ${JSON.stringify(request)}`, (signal) =>
    engine['retention.plan'](request, { signal }),
  )
  const ready = plan.kind === 'ready' ? plan.value : undefined
  const isBroken = ready !== undefined && ready.promise.broken.length > 0
  const isIdle = ready !== undefined && isNothing(ready)
  const bytes = formatBytes((ready?.freedBytes ?? 0) + (ready?.walBytes ?? 0))
  const count = ready?.deletes.length ?? 0
  return (
    <Sheet
      title={say('apply.title', { instance: instance.instance })}
      isReady={ready !== undefined && !isIdle && typed === instance.instance}
      confirm={count === 0 ? say('apply.confirm-other', { bytes }) : say('apply.confirm', { count, bytes })}
      isDangerous
      hash={ready?.hash}
      onLook={plan.refetch}
      onClose={onClose}
      start={async () => {
        const { job } = await engine['retention.apply']({
          ...request,
          hash: ready?.hash ?? '',
          threads: THREADS,
          // Only a broken promise wants it: one that breaks in the meantime is refused, whatever was typed.
          ...(isBroken ? { confirm: typed } : {}),
        })
        return job
      }}
    >
      {plan.kind === 'loading' ? <Skeleton label={say('common.loading')} /> : null}
      {plan.kind === 'failed' ? <EngineErrorCard error={plan.error} onRetry={plan.refetch} /> : null}
      {ready === undefined ? null : (
        <>
          <p>
            {say('apply.policy', {
              redundancy: policy.redundancy,
              days: policy.windowDays,
              depth: policy.walDepth,
            })}{' '}
            {isIdle ? say('apply.nothing') : say('apply.text', { count, bytes })}
          </p>
          <div className={isBroken ? 'promise is-broken stack' : 'promise stack'}>
            <PromiseFacts promise={ready.promise} />
          </div>
          <PlannedDeletions plan={ready} backups={backups} />
          <PlannedRest plan={ready} />
          <p className="quiet mono">{say('apply.hash', { hash: ready.hash.slice(0, HASH_DIGITS) })}</p>
          {isIdle ? null : (
            <ConfirmField
              label={say(isBroken ? 'apply.type-broken' : 'plan.type-name', { instance: instance.instance })}
              value={typed}
              onType={setTyped}
            />
          )}
        </>
      )}
    </Sheet>
  )
}

/** Every backup that goes, in the order in which it does, with the reason. */
function PlannedDeletions(props: {
  readonly plan: RetentionPlanRecord
  readonly backups: ReadonlyMap<string, BackupRecord>
}) {
  const { plan, backups } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const judged = new Map(plan.backups.map((one) => [one.id, one]))
  if (plan.deletes.length === 0) return null
  return (
    // It scrolls, so the keys must be able to come to it.
    <ul className="plain-list plan-list retention-goes" tabIndex={0} aria-label={say('plan.list')}>
      {plan.deletes.slice(0, MOST_NAMED).map((id) => {
        const one = judged.get(id)
        const taken = backups.get(id)
        return (
          <li key={id}>
            <span className="mono">{id}</span>
            <span className="quiet">
              {one?.mode} {taken === undefined ? '' : dayOf(Date.parse(taken.startTime), zone)} ·{' '}
              {one === undefined ? '' : sayReason(say, one.reason, zone)}
            </span>
            <span className="numbers">{formatBytes(one?.sizeBytes)}</span>
          </li>
        )
      })}
      {plan.deletes.length <= MOST_NAMED ? null : (
        <li className="quiet">{say('plan.more-backups', { count: plan.deletes.length - MOST_NAMED })}</li>
      )}
    </ul>
  )
}

/** Merges, chains that stay as they are, and WAL. */
function PlannedRest({ plan }: { readonly plan: RetentionPlanRecord }) {
  const { say } = useTexts()
  const purges = plan.wal.filter(({ files }) => files.length > 0)
  return (
    <>
      {plan.merges.length + plan.unmerged.length === 0 ? null : (
        <div>
          <h3>{say('apply.merges')}</h3>
          <ul className="plain-list">
            {plan.merges.map(({ destinationId, ids, refusal }) => (
              <li key={destinationId}>
                {refusal === undefined
                  ? say('apply.merge', { from: ids[0] ?? '', id: destinationId })
                  : say('apply.merge-refused', { id: destinationId, why: refusal.message })}
              </li>
            ))}
            {plan.unmerged.map(({ fullId }) => (
              <li key={fullId}>{say('apply.unmerged', { id: fullId })}</li>
            ))}
          </ul>
        </div>
      )}
      {purges.length === 0 ? null : (
        <div>
          <h3>{say('apply.wal-title')}</h3>
          <ul className="plain-list">
            {purges.map(({ timeline, files, sizeBytes }) => (
              <li key={timeline}>
                {say('apply.wal', {
                  timeline,
                  count: files.length,
                  bytes: formatBytes(sizeBytes),
                  last: files.at(-1) ?? '',
                })}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}

function isNothing({ deletes, merges, wal }: RetentionPlanRecord): boolean {
  return (
    deletes.length === 0 &&
    merges.every(({ refusal }) => refusal !== undefined) &&
    wal.every(({ files }) => files.length === 0)
  )
}
