import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { ArchiverState, WalSetup } from '../../../engine/api/contract/wal-setup.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import type { Query } from '../../lib/use-query.ts'
import { CopyText, Skeleton } from '../../ui/parts.tsx'
import { SegmentTest } from './segment-test.tsx'
import { Costs, SetupWay, Spare } from './setup-way.tsx'

/** How the server hands WAL over: what has to change, whether it works, and a test that proves it. */
export function ArchivingPanel(props: {
  readonly instance: InstanceRef
  readonly setup: Query<WalSetup>
  /** Nothing is archived yet: what it costs is told as well. */
  readonly isFirst: boolean
  /** WAL gets into the archive without it: what it would want is told on demand. */
  readonly isSpare: boolean
  /** Something arrived. */
  readonly onChanged: () => void
}) {
  const { instance, setup, isFirst, isSpare, onChanged } = props
  const { say } = useTexts()
  const known = setup.kind === 'ready' ? setup.value : setup.kind === 'failed' ? setup.last : undefined
  return (
    <section className="card stack" aria-label={say('wal.archiving')} data-region>
      <div className="row">
        <h2>{say('wal.archiving')}</h2>
        {known === undefined || (isSpare && known.command.state !== 'works') ? null : (
          <WayState state={known.command.state} />
        )}
        <span className="grow" />
        <button type="button" className="button small" onClick={setup.refetch}>
          {say('wal.check-again')}
        </button>
      </div>
      {isFirst ? <Costs way="command" /> : null}
      {setup.kind === 'loading' ? <Skeleton label={say('wal.asking')} lines={4} /> : null}
      {setup.kind === 'failed' ? <EngineErrorCard error={setup.error} onRetry={setup.refetch} /> : null}
      {known === undefined ? null : (
        <>
          {isSpare && known.command.state !== 'works' ? (
            <Spare>
              <SetupWay way={known.command} />
            </Spare>
          ) : (
            <>
              <SetupWay way={known.command} />
              {known.archiver === undefined ? null : <Archiver archiver={known.archiver} />}
            </>
          )}
          {known.command.sql === '' ? (
            known.canSwitch ? (
              <SegmentTest
                instance={instance}
                onArrived={() => {
                  onChanged()
                  setup.refetch()
                }}
              />
            ) : (
              <>
                <p className="quiet">{say('wal.test-denied')}</p>
                {known.switchGrant === undefined ? null : (
                  <CopyText
                    text={known.switchGrant}
                    label={say('common.copy')}
                    doneLabel={say('common.copied')}
                  />
                )}
              </>
            )
          ) : null}
        </>
      )}
    </section>
  )
}

const STATES = { works: ['✓', ''], ready: ['○', ''], 'needs-change': ['!', 'look'] } as const

export function WayState({ state }: { readonly state: keyof typeof STATES }) {
  const { say } = useTexts()
  const [mark, tone] = STATES[state]
  return (
    <span className={`status ${tone}`}>
      <span aria-hidden="true">{mark}</span> {say(`wal.way-${state}`)}
    </span>
  )
}

function Archiver({ archiver }: { readonly archiver: ArchiverState }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { archivedCount, failedCount, lastArchivedWal, lastArchivedAt, lastFailedWal, lastFailedAt } =
    archiver
  if (archivedCount === 0 && failedCount === 0 && (archiver.waitingCount ?? 0) === 0) return null
  const isFailing = lastFailedAt !== undefined && (lastArchivedAt ?? '') < lastFailedAt
  return (
    <dl className="facts numbers">
      <dt>{say('wal.archived')}</dt>
      <dd>
        {archivedCount}
        {lastArchivedWal === undefined ? null : (
          <>
            {' · '}
            <span className="mono">{lastArchivedWal}</span> · {formatTime(lastArchivedAt, zone)}
          </>
        )}
      </dd>
      <dt>{say('wal.archive-failed')}</dt>
      <dd>
        {failedCount === 0 ? (
          0
        ) : (
          <span className={isFailing ? 'status broken wraps' : undefined}>
            {failedCount} · <span className="mono">{lastFailedWal}</span> · {formatTime(lastFailedAt, zone)}
          </span>
        )}
      </dd>
      <dt>{say('wal.archive-waiting')}</dt>
      <dd>{archiver.waitingCount ?? say('common.unknown')}</dd>
    </dl>
  )
}
