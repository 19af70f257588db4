import type { MomentRecord } from '../../../engine/api/contract/recovery.ts'
import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import type { Query } from '../../lib/use-query.ts'
import { type FlowBlock, RestoreFlow } from '../../pictures/restore-flow.tsx'
import { CopyText, Skeleton } from '../../ui/parts.tsx'
import { sayTime } from './moment-texts.ts'

const MOST_BLOCKS = 6

/** The way that a moment is reached. */
export type RestoreWay = Extract<MomentRecord, { kind: 'reachable' }>

/** The plan as it will be carried out: the picture of it, the same as a command, and the settings for recovery. */
export function ReviewStep({
  plan,
  way,
  hasTarget,
}: {
  readonly plan: Query<RestorePlan | undefined>
  /** Undefined for a damaged backup. */
  readonly way: RestoreWay | undefined
  readonly hasTarget: boolean
}) {
  const { say } = useTexts()
  if (plan.kind === 'loading') return <Skeleton label={say('restore.planning')} />
  if (plan.kind === 'failed') return <EngineErrorCard error={plan.error} onRetry={plan.refetch} />
  if (plan.value === undefined) return <p className="status look">! {say('wizard.undecided')}</p>
  const { command, recoverySettings, incremental } = plan.value
  return (
    <>
      <Flow plan={plan.value} way={way} hasTarget={hasTarget} />
      {incremental === undefined ? null : <Replaced incremental={incremental} />}
      <h2>{say('restore.command')}</h2>
      <CopyText text={command} label={say('common.copy')} doneLabel={say('common.copied')} />
      <h2>{say('restore.settings')}</h2>
      {recoverySettings === '' ? (
        <p className="quiet">{say('restore.no-settings')}</p>
      ) : (
        <CopyText text={recoverySettings} label={say('common.copy')} doneLabel={say('common.copied')} />
      )}
    </>
  )
}

function Flow(props: {
  readonly plan: RestorePlan
  readonly way: RestoreWay | undefined
  readonly hasTarget: boolean
}) {
  const { plan, way, hasTarget } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { chain } = plan
  const isLong = chain.length > MOST_BLOCKS
  const shown = isLong ? [...chain.slice(0, 2), ...chain.slice(-2)] : chain
  const backups = shown.map(({ id, mode, status, dataBytes }): FlowBlock => ({
    kind: 'backup',
    title: mode,
    name: id,
    notes: [formatBytes(dataBytes)],
    ...(status !== 'OK' && status !== 'DONE' && { trouble: status }),
  }))
  if (isLong) {
    backups.splice(2, 0, {
      kind: 'backup',
      title: '…',
      name: say('wizard.more-backups', { count: chain.length - shown.length }),
      notes: [],
    })
  }
  const segments = way?.segments ?? []
  const count = segments.reduce((sum, one) => sum + one.count, 0)
  const [first, last] = [segments[0], segments.at(-1)]
  const wal: readonly FlowBlock[] =
    !hasTarget || way === undefined || first === undefined || last === undefined
      ? []
      : [
          {
            kind: 'wal',
            title: say('wizard.wal', { count }),
            name: first.first === last.last ? first.first : `${first.first} – ${last.last.slice(8)}`,
            notes: [say('wizard.replay', { bytes: formatBytes(way.replayBytes) })],
          },
        ]
  const places = [...plan.tablespaces, ...plan.externalDirs].map(({ to }) => to)
  const target: FlowBlock = {
    kind: 'target',
    title: say('restore.goes-to'),
    name: plan.dataDirectory,
    notes: [
      ...places,
      ...(plan.walDirectory === undefined ? [] : [`WAL: ${plan.walDirectory}`]),
      ...(plan.excludedDatabases.length === 0
        ? []
        : [say('preflight.databases-excluded', { names: plan.excludedDatabases.join(', ') })]),
      ...(way?.time === undefined || !hasTarget ? [] : [sayTime(way.time, zone)]),
    ],
  }
  return <RestoreFlow label={say('wizard.flow')} blocks={[...backups, ...wal, target]} />
}

/** What becomes of the data that is there. */
function Replaced({ incremental }: { readonly incremental: NonNullable<RestorePlan['incremental']> }) {
  const { say } = useTexts()
  const { continues, mode, reusableBytes, deletedFiles, deletedBytes, deletedSample } = incremental
  if (continues !== undefined)
    return <p className="notice">{say('wizard.continues-short', { id: continues.backupId })}</p>
  if (mode === 'none') return null
  return (
    <div className="notice broken">
      <p className="status broken">✕ {say('wizard.replaces')}</p>
      <p>
        {say('wizard.incremental-figures', {
          reused: formatBytes(reusableBytes),
          files: deletedFiles,
          bytes: formatBytes(deletedBytes),
        })}
      </p>
      {deletedSample.length === 0 ? null : (
        <details>
          <summary>{say('wizard.deleted')}</summary>
          <ul className="plain-list mono">
            {deletedSample.map((file) => (
              <li key={file}>{file}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}
