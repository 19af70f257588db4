import { useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { isDay, readWholeTime } from '../../lib/zone-time.ts'
import { DateText } from '../../ui/date-text.tsx'
import { Dialog, Field } from '../../ui/parts.tsx'
import { dayOf } from './retention-texts.ts'

/** Until which day a backup is kept whatever the policy says; nothing happens before it is saved. */
export function PinDialog(props: {
  readonly backup: BackupRecord
  /** Proposed where there is no pin yet. */
  readonly proposedMs: number
  /** Without a moment the pin is taken away. */
  readonly onPin: (ms: number | undefined) => void
  readonly onClose: () => void
}) {
  const { backup, proposedMs, onPin, onClose } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const pinnedMs = backup.expireTime === undefined ? undefined : Date.parse(backup.expireTime)
  const [date, setDate] = useState(() => dayOf(pinnedMs ?? proposedMs, zone))
  const ms = isDay(date) ? readWholeTime(`${date} 00:00`, zone) : undefined
  const save = (expireMs: number | undefined): void => {
    onClose()
    onPin(expireMs)
  }
  return (
    <Dialog
      title={say('retention.pin-title', { id: backup.id })}
      closeLabel={say('common.close')}
      onClose={onClose}
      onSubmit={() => {
        if (ms !== undefined) save(ms)
      }}
      footer={
        <>
          {pinnedMs === undefined ? null : (
            <button type="button" className="button" onClick={() => save(undefined)}>
              {say('retention.pin-remove')}
            </button>
          )}
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
          <button type="submit" className="button primary" disabled={ms === undefined}>
            {say('common.save')}
          </button>
        </>
      }
    >
      <p>{say('retention.pin-text')}</p>
      <Field label={say('retention.pin-date')}>
        <DateText format="YYYY-MM-DD" value={date} isValid={isDay} onText={setDate} isFirst />
      </Field>
    </Dialog>
  )
}
