import { useEffect, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce, useStore } from '../../lib/stores.ts'
import { ConfirmField, Dialog } from '../../ui/parts.tsx'
import { freedBytes } from './retention-facts.ts'
import { dayOf } from './retention-texts.ts'

const UNDO_MS = 10_000

type Wish = { readonly id: string; readonly ms: number | undefined }
type Done = { readonly text: string; readonly back: Wish | undefined }

/** Sets and takes away pins: at once and with an undo, or where that lets backups go only after the name is typed. */
export function usePinning(
  instance: InstanceRef,
  backups: ReadonlyMap<string, BackupRecord>,
  /** Backups that nothing would keep any more. */
  freedBy: (wish: Wish) => readonly string[],
) {
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [done, setDone] = useState<Done | undefined>(undefined)
  // It stays while somebody is about to press it.
  const [isPointed, setPointed] = useState(false)
  const [isFocused, setFocused] = useState(false)
  const isHeld = isPointed || isFocused
  const [asked, setAsked] = useState<{ readonly wish: Wish; readonly freed: readonly string[] } | undefined>(
    undefined,
  )
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  useEffect(() => {
    if (done === undefined || isHeld) return undefined
    const timer = setTimeout(() => setDone(undefined), UNDO_MS)
    return () => clearTimeout(timer)
  }, [done, isHeld])

  const letGo = (): void => {
    setPointed(false)
    setFocused(false)
  }
  const save = async ({ id, ms }: Wish, isUndo: boolean): Promise<void> => {
    const record = backups.get(id)
    if (record === undefined) return
    setFailure(undefined)
    try {
      const expireTime = ms === undefined ? null : new Date(ms).toISOString()
      await engine['backups.annotate']({ ...instance, id: record.id, expireTime })
      const text = isUndo
        ? say('pin.undone', { id })
        : ms === undefined
          ? say('pin.removed', { id })
          : say('pin.set', { id, date: dayOf(ms, zone) })
      const before = record.expireTime === undefined ? undefined : Date.parse(record.expireTime)
      setDone(isUndo ? undefined : { text, back: { id, ms: before } })
      // What is gone hears neither that the pointer leaves nor that the focus does.
      if (isUndo) letGo()
      announce(text)
    } catch (thrown) {
      setDone(undefined)
      letGo()
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const pin = (wish: Wish): void => {
    const freed = freedBy(wish)
    if (freed.length === 0) void save(wish, false)
    else setAsked({ wish, freed })
  }
  const back = done?.back
  return {
    pin,
    /** Why keys move nothing. */
    tellStuck(id: string, why: 'for-ever' | 'no-pin'): void {
      setDone({ text: say(`pin.${why}`, { id }), back: undefined })
    },
    /** What was done last, while it can be undone; what went wrong; and what is asked. */
    view: (
      <>
        {done === undefined ? null : (
          <p
            className="row undo"
            role="status"
            onPointerEnter={() => setPointed(true)}
            onPointerLeave={() => setPointed(false)}
            onFocus={() => setFocused(true)}
            onBlur={() => setFocused(false)}
          >
            <span>{done.text}</span>
            {back === undefined ? null : (
              <button type="button" className="button small" onClick={() => void save(back, true)}>
                {say('pin.undo')}
              </button>
            )}
          </p>
        )}
        {failure === undefined ? null : <EngineErrorCard error={failure} />}
        {asked === undefined ? null : (
          <FreesDialog
            instance={instance}
            id={asked.wish.id}
            freed={asked.freed}
            backups={backups}
            onClose={() => setAsked(undefined)}
            onConfirm={() => {
              setAsked(undefined)
              void save(asked.wish, false)
            }}
          />
        )}
      </>
    ),
  }
}

/** Everything that only a pin keeps, before it is taken away. */
function FreesDialog(props: {
  readonly instance: InstanceRef
  readonly id: string
  readonly freed: readonly string[]
  readonly backups: ReadonlyMap<string, BackupRecord>
  readonly onClose: () => void
  readonly onConfirm: () => void
}) {
  const { instance, id, freed, backups, onClose, onConfirm } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [typed, setTyped] = useState('')
  const isReady = typed === instance.instance
  const records = freed.flatMap((one) => backups.get(one) ?? [])
  const bytes = formatBytes(records.reduce((sum, record) => sum + freedBytes(record), 0))
  return (
    <Dialog
      title={say('pin.frees-title', { id })}
      closeLabel={say('common.close')}
      onClose={onClose}
      onSubmit={() => {
        if (isReady) onConfirm()
      }}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
          <button type="submit" className="button danger" disabled={!isReady}>
            {say('pin.frees-confirm', { count: freed.length, bytes })}
          </button>
        </>
      }
    >
      <p>{say('pin.frees')}</p>
      <ul className="plain-list plan-list retention-goes" tabIndex={0} aria-label={say('plan.list')}>
        {records.map((record) => (
          <li key={record.id}>
            <span className="mono">{record.id}</span>
            <span className="quiet">
              {record.mode} {dayOf(Date.parse(record.startTime), zone)}
            </span>
            <span className="numbers">{formatBytes(freedBytes(record))}</span>
          </li>
        ))}
      </ul>
      <ConfirmField
        label={say('plan.type-name', { instance: instance.instance })}
        value={typed}
        onType={setTyped}
      />
    </Dialog>
  )
}
