import { useState } from 'react'
import type { BackupEstimate, BackupRequest } from '../../../engine/api/contract/backups.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard, EngineErrorLines } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Dialog, Field } from '../../ui/parts.tsx'
import { IdleSlots } from './idle-slots.tsx'
import { EstimateBases, ModeChooser, outlookOf } from './mode-chooser.tsx'
import { useSettled } from '../../lib/use-settled.ts'

/** A level is typed in less time than the server is asked. */
const SETTLED_MS = 400

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
  const [mode, setMode] = useState<BackupRequest['mode']>('AUTO')
  const [note, setNote] = useState('')
  const [algorithm, setAlgorithm] = useState<'none' | 'zlib' | 'pglz' | 'lz4' | 'zstd'>('zlib')
  const [level, setLevel] = useState(1)
  const [threads, setThreads] = useState(2)
  const [isStream, setStream] = useState(true)
  const [isValidated, setValidated] = useState(true)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const { estimate, isAsking, error, askAgain } = useEstimate(instance, algorithm, level)
  const outlook = outlookOf(estimate, mode)
  const isImpossible = outlook?.possibility === 'impossible'
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
          <button type="submit" className="button primary" disabled={isImpossible}>
            {say('backup.start')}
          </button>
        </>
      }
    >
      <ModeChooser mode={mode} estimate={estimate} isAsking={isAsking} onChange={setMode} />
      {error === undefined ? null : <EngineErrorCard error={error} onRetry={askAgain} />}
      {estimate?.problem === undefined ? null : (
        <Problem
          problem={estimate.problem}
          isBlind={estimate.auto === undefined}
          isAsking={isAsking}
          onAgain={askAgain}
        />
      )}
      <IdleSlots slots={estimate?.idleSlots ?? []} />
      {outlook === undefined || isImpossible ? null : <EstimateBases outlook={outlook} />}
      <Field label={say('backup.note')}>
        <input value={note} maxLength={1024} onChange={(event) => setNote(event.target.value)} />
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

/** What each mode would come to. The figures of the last answer stay until there are others. */
function useEstimate(
  instance: InstanceRef,
  compressAlgorithm: NonNullable<BackupRequest['compressAlgorithm']>,
  compressLevel: number,
) {
  const engine = useEngine()
  const asked = useSettled(`${compressAlgorithm} ${compressLevel}`, SETTLED_MS)
  // Asking again is another question, so that it can be seen to be on its way.
  const [count, setCount] = useState(1)
  const key = `estimate ${instance.catalog}\n${instance.instance} ${asked} ${count}`
  const query = useQuery(key, (signal) =>
    engine['backups.estimate']({ ...instance, compressAlgorithm, compressLevel }, { signal }),
  )
  const [last, setLast] = useState<BackupEstimate | undefined>(undefined)
  if (query.kind === 'ready' && query.value !== last) setLast(query.value)
  return {
    estimate: last,
    isAsking: query.kind === 'loading',
    error: query.kind === 'failed' ? query.error : undefined,
    askAgain: () => setCount(count + 1),
  }
}

/** The server cannot be looked at now. A backup can still be asked for: it may be there by then. */
function Problem(props: {
  readonly problem: NonNullable<BackupEstimate['problem']>
  /** Nothing was heard of the server. */
  readonly isBlind: boolean
  readonly isAsking: boolean
  readonly onAgain: () => void
}) {
  const { problem, isBlind, isAsking, onAgain } = props
  const { say } = useTexts()
  return (
    <div className="estimate-problem" role="status">
      <div className="grow">
        <EngineErrorLines error={problem} />
        {isBlind ? <p className="quiet">{say('backup.blind')}</p> : null}
      </div>
      <button type="button" className="button small" disabled={isAsking} onClick={onAgain}>
        {say('backup.ask-again')}
      </button>
    </div>
  )
}
