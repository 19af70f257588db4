import { useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { ReceiverStatus } from '../../../engine/api/contract/wal-receiver.ts'
import type { WalSetup } from '../../../engine/api/contract/wal-setup.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import type { Query, QueryState } from '../../lib/use-query.ts'
import { Dialog, Skeleton } from '../../ui/parts.tsx'
import { WayState } from './archiving-panel.tsx'
import { ReceiverForm } from './receiver-form.tsx'
import { Costs, SetupWay, Spare } from './setup-way.tsx'

const PHASES = {
  off: ['○', ''],
  elsewhere: ['▶', 'active'],
  connecting: ['…', ''],
  'catching-up': ['▶', 'active'],
  streaming: ['▶', 'active'],
  reconnecting: ['!', 'look'],
  'disk-full': ['✕', 'broken'],
  failed: ['✕', 'broken'],
} as const

/** The WAL receiver: how it does, or how to start it. */
export function ReceiverPanel(props: {
  readonly instance: InstanceRef
  readonly receiver: QueryState<ReceiverStatus>
  readonly setup: Query<WalSetup>
  readonly isFirst: boolean
}) {
  const { instance, receiver, setup, isFirst } = props
  const { say } = useTexts()
  const status =
    receiver.kind === 'ready' ? receiver.value : receiver.kind === 'failed' ? receiver.last : undefined
  const known = setup.kind === 'ready' ? setup.value : setup.kind === 'failed' ? setup.last : undefined
  const isOff = status?.phase === 'off' || status?.phase === 'failed'
  // The server hands its WAL over already.
  const isSpare = !isFirst && status?.phase === 'off' && known?.command.state === 'works'
  const [mark, tone] = status === undefined ? ['', ''] : PHASES[status.phase]
  return (
    <section className="card stack" aria-label={say('wal.receiver')} data-region>
      <div className="row">
        <h2>{say('wal.receiver')}</h2>
        {status === undefined ? null : status.phase === 'off' && known !== undefined ? (
          <WayState state={known.receiver.state} />
        ) : (
          <span className={`status ${tone}`} role="status">
            <span aria-hidden="true">{mark}</span> {say(`wal.phase-${status.phase}`)}
          </span>
        )}
        <span className="grow" />
        {status === undefined || isOff || status.phase === 'elsewhere' ? null : (
          <StopReceiver instance={instance} status={status} />
        )}
      </div>
      {isFirst && isOff ? <Costs way="receiver" /> : null}
      {receiver.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={3} /> : null}
      {receiver.kind === 'failed' ? <EngineErrorCard error={receiver.error} /> : null}
      {status?.problem === undefined ? null : <EngineErrorCard error={status.problem} />}
      {status === undefined || status.phase === 'off' ? null : <Figures status={status} />}
      {isOff ? (
        isSpare ? (
          <Spare>
            <Start instance={instance} setup={known} />
          </Spare>
        ) : (
          <Start instance={instance} setup={known} />
        )
      ) : null}
    </section>
  )
}

function Start({
  instance,
  setup,
}: {
  readonly instance: InstanceRef
  readonly setup: WalSetup | undefined
}) {
  return (
    <>
      {setup === undefined ? null : <SetupWay way={setup.receiver} hbaLine={setup.hbaLine} />}
      <ReceiverForm instance={instance} slot={setup?.slot} />
    </>
  )
}

function Figures({ status }: { readonly status: ReceiverStatus }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { owner, slot, lagBytes, gaps, job } = status
  return (
    <>
      {owner === undefined ? null : <p>{say('wal.receiver-owner', { pid: owner.pid, host: owner.host })}</p>}
      {status.nextTryAt === undefined ? null : (
        <p className="quiet numbers">{say('wal.next-try', { at: formatTime(status.nextTryAt, zone) })}</p>
      )}
      <ReceiverLag lagBytes={lagBytes} />
      <dl className="facts numbers">
        <dt>{say('wal.slot')}</dt>
        <dd className={slot === undefined ? 'quiet' : 'mono'}>{slot ?? say('wal.slot-none')}</dd>
        <dt>{say('wal.position')}</dt>
        <dd className="mono">
          {status.flushedLsn === undefined ? '—' : formatLsn(status.flushedLsn)}
          {status.serverLsn === undefined ? '' : ` / ${formatLsn(status.serverLsn)}`}
          {status.timeline === undefined ? '' : ` · TLI ${status.timeline}`}
        </dd>
        <dt>{say('wal.received')}</dt>
        <dd>
          {say('wal.received-text', {
            count: status.segmentCount,
            bytes: formatBytes(status.receivedBytes),
          })}
        </dd>
        <dt>{say('wal.connection')}</dt>
        <dd>
          {status.connectedAt === undefined
            ? '—'
            : say('wal.connected-at', {
                at: formatTime(status.connectedAt, zone),
                count: status.lossCount,
              })}
        </dd>
      </dl>
      {gaps.length === 0 ? null : (
        <ul className="plain-list">
          {gaps.map(({ timeline, from, to }) => (
            <li key={`${timeline} ${from}`} className="status broken wraps">
              ✕ {say('wal.receiver-gap', { timeline, from: formatLsn(from), to: formatLsn(to) })}
            </li>
          ))}
        </ul>
      )}
      {job === undefined ? null : (
        <div className="row">
          <button type="button" className="button small" onClick={() => navigate({ screen: 'job', job })}>
            {say('wal.show-job')}
          </button>
        </div>
      )}
    </>
  )
}

/** What the archive does not have safely yet; the bar is full at the size of a few segments. */
function ReceiverLag({ lagBytes }: { readonly lagBytes: number | undefined }) {
  const { say } = useTexts()
  if (lagBytes === undefined) return null
  const share = Math.min(100, (lagBytes / FULL_BAR_BYTES) * 100)
  return (
    <div>
      <div className="bar" aria-hidden="true">
        <i
          style={{
            width: `${lagBytes === 0 ? 0 : Math.max(1, share)}%`,
            background: share < 100 ? 'var(--mark-strong)' : 'var(--look)',
          }}
        />
      </div>
      <small className="quiet numbers">{say('wal.behind', { bytes: formatBytes(lagBytes) })}</small>
    </div>
  )
}

const FULL_BAR_BYTES = 64 << 20

function StopReceiver({
  instance,
  status,
}: {
  readonly instance: InstanceRef
  readonly status: ReceiverStatus
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const [isAsking, setAsking] = useState(false)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const stop = async (): Promise<void> => {
    try {
      await engine['wal-receiver.stop'](instance)
      setAsking(false)
      announce(say('wal.stopped'))
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <>
      <button type="button" className="button small" onClick={() => setAsking(true)}>
        {say('wal.stop')}
      </button>
      {isAsking ? (
        <Dialog
          title={say('wal.stop-title')}
          closeLabel={say('common.close')}
          onClose={() => setAsking(false)}
          footer={
            <>
              <button type="button" className="button" data-first onClick={() => setAsking(false)}>
                {say('wal.keep-running')}
              </button>
              <button type="button" className="button danger" onClick={() => void stop()}>
                {say('wal.stop-now')}
              </button>
            </>
          }
        >
          <p>{say('wal.stop-text')}</p>
          {status.slot === undefined ? null : <p>{say('wal.stop-slot', { slot: status.slot })}</p>}
          {failure === undefined ? null : <EngineErrorCard error={failure} />}
        </Dialog>
      ) : null}
    </>
  )
}
