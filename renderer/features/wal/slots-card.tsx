import { type ReactNode, useEffect, useRef } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { SlotList, SlotRecord } from '../../../engine/api/contract/slots.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { dotted, formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { useDropSlot } from './drop-slot.tsx'
import { slotShare, slotState } from './slot-state.ts'
import { useAsTable } from './use-as-table.tsx'

/** WAL moves all the time; a server is asked this often while somebody looks. */
const ASK_AGAIN_MS = 10_000

/** What makes the server keep WAL: its replication slots, and how far each is behind. */
export function SlotsCard({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const { isTable, button, onKey } = useAsTable()
  const found = useQuery(`wal slots ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['wal.slots'](instance, { signal }),
  )
  const { kind, refetch } = found
  const place = useRef<HTMLDivElement>(null)
  const drop = useDropSlot(instance, place, refetch)
  // Whoever cannot be reached is asked again by hand.
  useEffect(() => {
    if (kind !== 'ready') return
    const timer = setInterval(refetch, ASK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [kind, refetch])
  const list = found.kind === 'ready' ? found.value : found.kind === 'failed' ? found.last : undefined
  const hasSlots = list !== undefined && list.slots.length > 0
  return (
    <>
      <section
        className="card stack"
        aria-label={say('wal.slots')}
        data-region
        onKeyDown={hasSlots ? onKey : undefined}
      >
        <div className="row">
          <h2>{say('wal.slots')}</h2>
          <span className="quiet grow numbers">
            {list === undefined
              ? null
              : say('wal.slots-count', { count: list.slots.length, most: list.maxSlots })}
          </span>
          {hasSlots ? button : null}
        </div>
        {found.kind === 'loading' ? <Skeleton label={say('wal.asking')} lines={3} /> : null}
        {found.kind === 'failed' ? (
          <>
            <p className="quiet">{say(list === undefined ? 'wal.slots-unseen' : 'wal.slots-last')}</p>
            <EngineErrorCard error={found.error} onRetry={refetch} />
          </>
        ) : null}
        {drop.outcome}
        {list === undefined ? null : (
          <div ref={place} tabIndex={-1} role="group" aria-label={say('wal.slots')}>
            {list.slots.length === 0 ? (
              <p className="quiet">{say('wal.slots-none')}</p>
            ) : isTable ? (
              <SlotTable list={list} button={drop.button} />
            ) : (
              <ul className="slots" aria-label={say('wal.slots')}>
                {list.slots.map((slot) => (
                  <Slot
                    key={slot.name}
                    slot={slot}
                    share={slotShare(slot, list.slots)}
                    button={drop.button(slot)}
                  />
                ))}
              </ul>
            )}
          </div>
        )}
      </section>
      {/* Outside: a T typed in it is not for the card. */}
      {drop.dialog}
    </>
  )
}

function Slot({
  slot,
  share,
  button,
}: {
  readonly slot: SlotRecord
  readonly share: number
  readonly button: ReactNode
}) {
  const { say } = useTexts()
  const { tone } = slotState(slot)
  return (
    <li>
      <div className="row wrap">
        <span className="mono">{slot.name}</span>
        {slot.isOfReceiver ? <strong>{say('wal.slot-ours')}</strong> : null}
        <SlotStatus slot={slot} />
        <span className="grow" />
        <span className="numbers">{useBehind(slot)}</span>
        {button}
      </div>
      <div className="bar" aria-hidden="true">
        <i style={{ width: `${share}%`, background: TONES[tone] }} />
      </div>
      <small className="quiet numbers block">{useDetails(slot)}</small>
    </li>
  )
}

const MARKS = { active: '▶', look: '!', broken: '✕' } as const
const TONES = { active: 'var(--mark-strong)', look: 'var(--look)', broken: 'var(--broken)' } as const

function SlotStatus({ slot }: { readonly slot: SlotRecord }) {
  const { say } = useTexts()
  const { tone, word } = slotState(slot)
  return (
    <span className={`status wraps ${tone}`}>
      <span aria-hidden="true">{MARKS[tone]}</span> {say(`wal.slot-${word}`)}
    </span>
  )
}

function useBehind({ behindBytes }: SlotRecord): string {
  const { say } = useTexts()
  return behindBytes === undefined
    ? say('wal.slot-holds-none')
    : say('wal.slot-behind', { bytes: formatBytes(behindBytes) })
}

function useDetails(slot: SlotRecord): string {
  const { say } = useTexts()
  const kind = say(slot.kind === 'physical' ? 'wal.slot-physical' : 'wal.slot-logical')
  return dotted([
    slot.database === undefined ? kind : `${kind}, ${slot.database}`,
    slot.restartLsn && say('wal.slot-from', { lsn: formatLsn(slot.restartLsn) }),
    slot.isBeforeNewest ? say('wal.slot-before-newest') : undefined,
    slot.client && say('wal.slot-client', { client: slot.client }),
    slot.safeWalBytes === undefined || slot.walStatus === 'lost'
      ? undefined
      : say('wal.slot-safe', { bytes: formatBytes(Math.max(0, slot.safeWalBytes)) }),
  ])
}

function SlotTable({
  list,
  button,
}: {
  readonly list: SlotList
  readonly button: (slot: SlotRecord) => ReactNode
}) {
  const { say } = useTexts()
  return (
    <div className="wide-table" tabIndex={0} role="group" aria-label={say('wal.slots')}>
      <table className="plain numbers">
        <thead>
          <tr>
            <th scope="col">{say('wal.slot')}</th>
            <th scope="col">{say('wal.slot-kind')}</th>
            <th scope="col">{say('wal.slot-state')}</th>
            <th scope="col">{say('wal.slot-used-by')}</th>
            <th scope="col">restart_lsn</th>
            <th scope="col">{say('wal.slot-kept')}</th>
            <th scope="col">wal_status</th>
          </tr>
        </thead>
        <tbody>
          {list.slots.map((slot) => (
            <tr key={slot.name}>
              <td className="mono">
                {slot.name}
                {slot.isOfReceiver ? <small className="quiet block">{say('wal.slot-ours')}</small> : null}
              </td>
              <td>
                {say(slot.kind === 'physical' ? 'wal.slot-physical' : 'wal.slot-logical')}
                {slot.database === undefined ? null : <small className="quiet block">{slot.database}</small>}
              </td>
              <td>
                <SlotStatus slot={slot} /> {button(slot)}
              </td>
              <td>{slot.client ?? '—'}</td>
              <td>
                <span className="mono">
                  {slot.restartLsn === undefined ? '—' : formatLsn(slot.restartLsn)}
                </span>
                {slot.isBeforeNewest ? (
                  <small className="quiet block">{say('wal.slot-before-newest')}</small>
                ) : null}
              </td>
              <td>{slot.behindBytes === undefined ? '—' : formatBytes(slot.behindBytes)}</td>
              <td>{slot.walStatus ?? '—'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
