import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react'
import type { SlotDropOutcome, SlotRecord } from '../../../engine/api/contract/slots.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce } from '../../lib/stores.ts'
import { Dialog } from '../../ui/parts.tsx'
import { dropOutcome } from './drop-outcome.ts'

/**
 * Drops a slot after asking: `button` for each that nothing uses, `dialog` and what became of it for the card. `onEnd` is
 * called when the list may differ. The focus is in `place` afterwards, for the button may have gone with its slot.
 */
export function useDropSlot(
  instance: InstanceRef,
  place: RefObject<HTMLElement | null>,
  onEnd: () => void,
): {
  readonly button: (slot: SlotRecord) => ReactNode
  readonly outcome: ReactNode
  readonly dialog: ReactNode
} {
  const { say } = useTexts()
  const [asked, setAsked] = useState<SlotRecord | undefined>(undefined)
  const [told, setTold] = useState<SlotDropOutcome | undefined>(undefined)
  const wasOpen = useRef(false)
  useEffect(() => {
    const isLost = told !== undefined || document.activeElement === document.body
    if (asked === undefined && wasOpen.current && isLost) place.current?.focus()
    wasOpen.current = asked !== undefined
  }, [asked, told, place])

  const close = (outcome: SlotDropOutcome | undefined): void => {
    setAsked(undefined)
    setTold(outcome)
    onEnd()
    if (outcome === undefined) return
    const { key, values } = dropOutcome(outcome)
    announce(say(key, values))
  }
  return {
    button: (slot) =>
      slot.isActive ? null : (
        <button
          type="button"
          className="button small"
          aria-label={`${say('wal.slot-drop')} ${slot.name}`}
          onClick={() => {
            setTold(undefined)
            setAsked(slot)
          }}
        >
          {say('wal.slot-drop')}
        </button>
      ),
    outcome: told === undefined ? null : <Outcome told={told} />,
    dialog: asked === undefined ? null : <DropSlotDialog instance={instance} slot={asked} onClose={close} />,
  }
}

function Outcome({ told }: { readonly told: SlotDropOutcome }) {
  const { say } = useTexts()
  const { isDone, key, values } = dropOutcome(told)
  return (
    <p className={isDone ? 'status' : 'status look'}>
      <span aria-hidden="true">{isDone ? '✓' : '!'}</span> {say(key, values)}
    </p>
  )
}

/** Closed while the server is asked, it stops asking; the list then tells whether the slot is there. */
function DropSlotDialog(props: {
  readonly instance: InstanceRef
  readonly slot: SlotRecord
  readonly onClose: (outcome: SlotDropOutcome | undefined) => void
}) {
  const { instance, slot, onClose } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [asking, setAsking] = useState<AbortController | undefined>(undefined)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const close = (): void => {
    asking?.abort()
    onClose(undefined)
  }
  const drop = async (): Promise<void> => {
    const stop = new AbortController()
    setAsking(stop)
    setFailure(undefined)
    try {
      const [outcome] = await engine['wal.drop-slots'](
        { ...instance, names: [slot.name] },
        { signal: stop.signal },
      )
      if (!stop.signal.aborted) onClose(outcome)
    } catch (thrown) {
      if (stop.signal.aborted) return
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
      setAsking(undefined)
    }
  }
  return (
    <Dialog
      title={say('wal.drop-title')}
      closeLabel={say('common.close')}
      onClose={close}
      footer={
        <>
          <button type="button" className="button" data-first onClick={close}>
            {say('wal.drop-not')}
          </button>
          <button
            type="button"
            className="button danger"
            disabled={asking !== undefined}
            onClick={() => void drop()}
          >
            {say('wal.drop-now')}
          </button>
        </>
      }
    >
      <dl className="facts numbers">
        <dt>{say('wal.slot')}</dt>
        <dd className="mono">{slot.name}</dd>
        <dt>{say('wal.slot-kind')}</dt>
        <dd>
          {say(slot.kind === 'physical' ? 'wal.slot-physical' : 'wal.slot-logical')}
          {slot.database === undefined ? '' : `, ${slot.database}`}
        </dd>
        <dt>{say('wal.drop-kept')}</dt>
        <dd>{slot.behindBytes === undefined ? say('common.none') : formatBytes(slot.behindBytes)}</dd>
      </dl>
      <p>{say('wal.drop-text')}</p>
      {slot.isOfReceiver ? <p className="status look">{say('wal.drop-ours')}</p> : null}
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
    </Dialog>
  )
}
