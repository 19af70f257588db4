import { useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate } from '../../lib/stores.ts'
import { Dialog, Field } from '../../ui/parts.tsx'

const MODES = ['AUTO', 'FULL', 'DELTA', 'PAGE', 'PTRACK'] as const

/** What a backup may be told before it starts. The defaults are good: Enter starts it. */
export function BackupDialog({
  instance,
  onClose,
}: {
  readonly instance: InstanceRef
  readonly onClose: () => void
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const [mode, setMode] = useState<(typeof MODES)[number]>('AUTO')
  const [note, setNote] = useState('')
  const [algorithm, setAlgorithm] = useState<'none' | 'zlib' | 'pglz' | 'lz4' | 'zstd'>('zlib')
  const [level, setLevel] = useState(1)
  const [threads, setThreads] = useState(2)
  const [isStream, setStream] = useState(true)
  const [isValidated, setValidated] = useState(true)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const start = async (): Promise<void> => {
    try {
      const { job } = await engine['backups.start']({
        ...instance,
        mode,
        isStream,
        threads,
        compressAlgorithm: algorithm,
        compressLevel: level,
        isValidated,
        ...(note.trim() !== '' && { note: note.trim() }),
      })
      announce(say('backup.started'))
      onClose()
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <Dialog
      title={say('backup.title', { instance: instance.instance })}
      closeLabel={say('common.close')}
      onClose={onClose}
      onSubmit={() => void start()}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
          <button type="submit" className="button primary">
            {say('backup.start')}
          </button>
        </>
      }
    >
      <Field label={say('backup.mode')} hint={say(`backup.mode-${mode}`)}>
        <select
          value={mode}
          onChange={(event) => setMode(MODES.find((one) => one === event.target.value) ?? 'AUTO')}
        >
          {MODES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </Field>
      <Field label={say('backup.note')}>
        <input value={note} maxLength={1024} onChange={(event) => setNote(event.target.value)} data-first />
      </Field>
      <div className="form-grid">
        <Field label={say('backup.compression')}>
          <select
            value={algorithm}
            onChange={(event) => setAlgorithm(event.target.value as typeof algorithm)}
          >
            <option value="none">{say('common.none')}</option>
            <option value="zlib">zlib</option>
            <option value="pglz">pglz</option>
            <option value="lz4">{say('backup.only-tidemark', { name: 'lz4' })}</option>
            <option value="zstd">{say('backup.only-tidemark', { name: 'zstd' })}</option>
          </select>
        </Field>
        <Field label={say('backup.level')}>
          <input
            type="number"
            min={0}
            max={algorithm === 'zstd' ? 22 : 9}
            value={level}
            disabled={algorithm !== 'zlib' && algorithm !== 'zstd'}
            onChange={(event) => setLevel(event.target.valueAsNumber || 0)}
          />
        </Field>
        <Field label={say('backup.threads')}>
          <input
            type="number"
            min={1}
            max={64}
            value={threads}
            onChange={(event) => setThreads(event.target.valueAsNumber || 1)}
          />
        </Field>
        <Field label={say('backup.wal')}>
          <select
            value={isStream ? 'stream' : 'archive'}
            onChange={(event) => setStream(event.target.value === 'stream')}
          >
            <option value="stream">{say('backup.wal-stream')}</option>
            <option value="archive">{say('backup.wal-archive')}</option>
          </select>
        </Field>
      </div>
      <label className="field check">
        <input
          type="checkbox"
          checked={isValidated}
          onChange={(event) => setValidated(event.target.checked)}
        />
        <span>{say('backup.validate')}</span>
      </label>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
    </Dialog>
  )
}
