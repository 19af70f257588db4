import { useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { dotted, formatBytes, formatTime } from '../../lib/format.ts'
import { type Say, useTexts } from '../../lib/i18n.ts'
import { Sheet } from '../../lib/plan-sheet.tsx'
import { useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { type PlannedBackup, PlanStrip } from '../../pictures/plan-strip.tsx'
import { ConfirmField, Skeleton } from '../../ui/parts.tsx'
import { MergeCost } from './merge-cost.tsx'

/** So many chains are drawn; the others are counted. */
const MOST_PICTURES = 3
/** So many backups are named one by one. */
const MOST_NAMED = 300
const MOST_IN_SENTENCE = 12
/** What a merge may take of the machine. */
const THREADS = 2

/** What deleting backups takes with it, drawn, and carried out only after the name of the instance was typed. */
export function DeleteSheet(props: {
  readonly instance: InstanceRef
  /** One or several. */
  readonly backups: readonly BackupRecord[]
  /** The chains that they belong to. */
  readonly families: readonly (readonly BackupRecord[])[]
  readonly onClose: () => void
}) {
  const { instance, backups, families, onClose } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [typed, setTyped] = useState('')
  const ids = backups.map(({ id }) => id)
  const subject = { ...instance, ids }
  const plan = useQuery(`plan-delete ${instance.catalog}\n${instance.instance}\n${ids.join()}`, (signal) =>
    engine['backups.plan-delete'](subject, { signal }),
  )
  const ready = plan.kind === 'ready' ? plan.value : undefined
  const going = new Set(ready?.backups.map(({ id }) => String(id)))
  const asked = ready?.backups.filter(({ reason }) => reason === 'asked').length ?? 0
  const known = new Map(families.flat().map((one) => [one.id, one]))
  return (
    <Sheet
      title={
        ids.length === 1
          ? say('plan.delete-title', { id: ids[0] ?? '' })
          : say('plan.delete-several', { count: ids.length })
      }
      isReady={ready !== undefined && typed === instance.instance}
      confirm={say('plan.delete-confirm', { count: going.size, bytes: formatBytes(ready?.freedBytes) })}
      isDangerous
      hash={ready?.hash}
      onLook={plan.refetch}
      onClose={onClose}
      start={async () => (await engine['backups.delete']({ ...subject, hash: ready?.hash ?? '' })).job}
    >
      {plan.kind === 'loading' ? <Skeleton label={say('common.loading')} /> : null}
      {plan.kind === 'failed' ? <EngineErrorCard error={plan.error} onRetry={plan.refetch} /> : null}
      {ready === undefined ? null : (
        <>
          <p>
            {going.size === asked
              ? say('plan.delete-text', { count: going.size, bytes: formatBytes(ready.freedBytes) })
              : say('plan.delete-text-more', {
                  count: going.size,
                  asked,
                  more: going.size - asked,
                  bytes: formatBytes(ready.freedBytes),
                })}
          </p>
          <div className="stack plan-pictures" tabIndex={families.length > 1 ? 0 : undefined}>
            {families.slice(0, MOST_PICTURES).map((family) => (
              <Picture
                key={family[0]?.id}
                title={families.length === 1 ? undefined : titleOf(family, say)}
                backups={family.map((one) => ({
                  ...shapeOf(one),
                  fate: going.has(one.id) ? 'goes' : 'stays',
                }))}
              />
            ))}
          </div>
          {families.length <= MOST_PICTURES ? null : (
            <p className="quiet">{say('plan.more-chains', { count: families.length - MOST_PICTURES })}</p>
          )}
          {/* It scrolls, so the keys must be able to come to it. */}
          <ul className="plain-list plan-list deleted" tabIndex={0} aria-label={say('plan.list')}>
            {ready.backups.slice(0, MOST_NAMED).map(({ id, reason, dataBytes }) => (
              <li key={id}>
                <span className="mono">{id}</span>{' '}
                <span className={reason === 'asked' ? 'quiet' : 'status look'}>
                  {say(`plan.reason-${reason}`)}
                </span>{' '}
                <span className="quiet numbers">
                  {dotted([known.get(id)?.mode, formatTime(known.get(id)?.recoveryTime, zone)])}
                </span>{' '}
                <span className="numbers">{formatBytes(dataBytes)}</span>
              </li>
            ))}
            {ready.backups.length <= MOST_NAMED ? null : (
              <li className="quiet">
                {say('plan.more-backups', { count: ready.backups.length - MOST_NAMED })}
              </li>
            )}
          </ul>
          <MayNeed ids={ready.mayBeNeededBy} />
          <ConfirmField
            label={say('plan.type-name', { instance: instance.instance })}
            value={typed}
            onType={setTyped}
          />
        </>
      )}
    </Sheet>
  )
}

/** What merging gives up and makes, drawn; also finishes a merge that was interrupted. */
export function MergeSheet(props: {
  readonly instance: InstanceRef
  readonly backup: BackupRecord
  /** The chain that it belongs to. */
  readonly family: readonly BackupRecord[]
  readonly onClose: () => void
}) {
  const { instance, backup, family, onClose } = props
  const engine = useEngine()
  const { say } = useTexts()
  const subject = { ...instance, id: backup.id }
  const plan = useQuery(`plan-merge ${instance.catalog}\n${instance.instance}\n${backup.id}`, (signal) =>
    engine['backups.plan-merge'](subject, { signal }),
  )
  const ready = plan.kind === 'ready' ? plan.value : undefined
  const estimate = useQuery(
    `estimate-merge ${instance.catalog}\n${instance.instance}\n${backup.id}`,
    (signal) => engine['backups.estimate-merge']({ ...subject, threads: THREADS }, { signal }),
  )
  const isShort = estimate.kind === 'ready' && estimate.value.room === 'short'
  const isBegun = ready !== undefined && ready.stage !== 'start'
  const fateOf = (id: string): PlannedBackup['fate'] => {
    if (id === ready?.destinationId) return 'becomes-full'
    if (ready?.members.some((member) => member.id === id) === true) return 'joins'
    return ready?.orphanedIds.some((orphan) => orphan === id) === true ? 'goes' : 'stays'
  }
  return (
    <Sheet
      title={
        isBegun
          ? say('plan.finish-title', { id: ready.destinationId })
          : say('plan.merge-title', { id: backup.id })
      }
      isReady={ready !== undefined && !isShort}
      confirm={say(isBegun ? 'plan.merge-finish' : 'plan.merge-confirm')}
      isDangerous={false}
      hash={ready?.hash}
      onLook={plan.refetch}
      onClose={onClose}
      start={async () =>
        (await engine['backups.merge']({ ...subject, hash: ready?.hash ?? '', threads: THREADS })).job
      }
    >
      {plan.kind === 'loading' ? <Skeleton label={say('common.loading')} /> : null}
      {plan.kind === 'failed' ? <EngineErrorCard error={plan.error} onRetry={plan.refetch} /> : null}
      {ready === undefined ? null : (
        <>
          <p>
            {say(ready.stage === 'finish' ? 'plan.finish-text' : 'plan.merge-text', {
              count: ready.members.length,
              id: ready.destinationId,
              bytes: formatBytes(ready.incrementBytes),
            })}
          </p>
          <Picture backups={family.map((one) => ({ ...shapeOf(one), fate: fateOf(one.id) }))} />
          {ready.stage === 'finish' ? null : <MergeCost estimate={estimate} />}
          {ready.vanishingIds.length === 0 ? null : (
            <p className="status look">
              ⚠{' '}
              {say('plan.merge-loses', {
                count: ready.vanishingIds.length,
                ids: named(ready.vanishingIds, say),
              })}
            </p>
          )}
          {ready.orphanedIds.length === 0 ? null : (
            <p className="status broken">
              ✕{' '}
              {say('plan.merge-orphans', {
                count: ready.orphanedIds.length,
                ids: named(ready.orphanedIds, say),
              })}
            </p>
          )}
          <MayNeed ids={ready.mayBeNeededBy} />
        </>
      )}
    </Sheet>
  )
}

/** Of what nobody can read nobody knows the parent. */
function MayNeed({ ids = [] }: { readonly ids?: readonly string[] | undefined }) {
  const { say } = useTexts()
  return ids.length === 0 ? null : (
    <p className="status look">⚠ {say('plan.may-need', { count: ids.length, ids: named(ids, say) })}</p>
  )
}

function Picture({
  backups,
  title,
}: {
  readonly backups: readonly PlannedBackup[]
  readonly title?: string | undefined
}) {
  const { say } = useTexts()
  return (
    <PlanStrip
      backups={backups}
      title={title}
      label={say('plan.picture', { count: backups.filter(({ fate }) => fate !== 'stays').length })}
      before={say('plan.before')}
      after={say('plan.after')}
    />
  )
}

/** The name of a chain. */
function titleOf(family: readonly BackupRecord[], say: Say): string {
  const id = family[0]?.fullId
  return id === undefined ? say('chains.broken') : say('chains.row', { id })
}

/** Names as many as can be read, and counts the others. */
function named(ids: readonly string[], say: Say): string {
  const more = ids.length - MOST_IN_SENTENCE
  return [
    ...ids.slice(0, MOST_IN_SENTENCE),
    ...(more <= 0 ? [] : [say('plan.more-backups', { count: more })]),
  ].join(', ')
}

function shapeOf({ id, mode, dataBytes }: BackupRecord): Omit<PlannedBackup, 'fate'> {
  return { id, isFull: mode === 'FULL', bytes: dataBytes ?? 0 }
}
