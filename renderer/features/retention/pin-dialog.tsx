import { useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, useStore } from '../../lib/stores.ts'
import { readWholeTime } from '../../lib/zone-time.ts'
import { Dialog, Field } from '../../ui/parts.tsx'
import { dayOf } from './retention-texts.ts'

/** Until which day a backup is kept whatever the policy says; nothing happens before it is saved. */
export function PinDialog(props: {
  readonly instance: InstanceRef
  readonly backup: BackupRecord
  /** Proposed where there is no pin yet. */
  readonly proposedMs: number
  readonly onClose: () => void
}) {
  const { instance, backup, proposedMs, onClose } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const pinnedMs = backup.expireTime === undefined ? undefined : Date.parse(backup.expireTime)
  const [date, setDate] = useState(() => dayOf(pinnedMs ?? proposedMs, zone))
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const ms = readWholeTime(`${date} 00:00`, zone)
  const save = async (expireTime: string | null): Promise<void> => {
    try {
      await engine['backups.annotate']({ ...instance, id: backup.id, expireTime })
      announce(say(expireTime === null ? 'retention.unpinned' : 'retention.pinned', { id: backup.id }))
      onClose()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <Dialog
      title={say('retention.pin-title', { id: backup.id })}
      closeLabel={say('common.close')}
      onClose={onClose}
      onSubmit={() => {
        if (ms !== undefined) void save(new Date(ms).toISOString())
      }}
      footer={
        <>
          {pinnedMs === undefined ? null : (
            <button type="button" className="button" onClick={() => void save(null)}>
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
        <input type="date" value={date} onChange={(event) => setDate(event.target.value)} data-first />
      </Field>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
    </Dialog>
  )
}
