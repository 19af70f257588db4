import { useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce } from '../../lib/stores.ts'
import { Field } from '../../ui/parts.tsx'

const SLOT = /^[a-z0-9_]{1,63}$/
const COMPRESSION = [0, 1, 6, 9] as const

/** Starts the receiver. With a slot the server keeps what is not received yet, and nothing can be lost. */
export function ReceiverForm({
  instance,
  slot: offered,
}: {
  readonly instance: InstanceRef
  readonly slot: string | undefined
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const [usesSlot, setUsesSlot] = useState(true)
  const [typed, setTyped] = useState<string | undefined>(undefined)
  const [compressLevel, setLevel] = useState<number>(1)
  const [isStarting, setStarting] = useState(false)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const slot = typed ?? offered ?? ''
  const isWrong = usesSlot && slot !== '' && !SLOT.test(slot)
  const start = async (): Promise<void> => {
    setFailure(undefined)
    setStarting(true)
    try {
      await engine['wal-receiver.start']({
        ...instance,
        ...(usesSlot && { slot, createSlot: true }),
        compressLevel,
      })
      announce(say('wal.started'))
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    } finally {
      setStarting(false)
    }
  }
  return (
    <form
      className="stack receiver-form"
      onSubmit={(event) => {
        event.preventDefault()
        void start()
      }}
    >
      <label className="field check">
        <input type="checkbox" checked={usesSlot} onChange={(event) => setUsesSlot(event.target.checked)} />
        <span>{say('wal.use-slot')}</span>
      </label>
      <div className="form-pair">
        {usesSlot ? (
          <Field label={say('wal.slot')} hint={say(isWrong ? 'wal.slot-wrong' : 'wal.slot-hint')}>
            <input
              value={slot}
              spellCheck={false}
              aria-invalid={isWrong}
              onChange={(event) => setTyped(event.target.value)}
            />
          </Field>
        ) : (
          <p className="status look">! {say('wal.slot-without')}</p>
        )}
        <Field label={say('wal.compression')}>
          <select value={compressLevel} onChange={(event) => setLevel(Number(event.target.value))}>
            {COMPRESSION.map((level) => (
              <option key={level} value={level}>
                {level === 0 ? say('wal.compression-none') : `gzip ${level}`}
              </option>
            ))}
          </select>
        </Field>
      </div>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <div className="row">
        <button
          type="submit"
          className="button primary"
          disabled={isStarting || (usesSlot && !SLOT.test(slot))}
        >
          {say('wal.start')}
        </button>
        <span className="quiet grow">{say('wal.start-text')}</span>
      </div>
    </form>
  )
}
