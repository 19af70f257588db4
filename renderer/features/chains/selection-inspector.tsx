import { useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import { announce, useStore } from '../../lib/stores.ts'
import { StatusMark } from '../../ui/status-mark.tsx'
import { statusWord } from './backup-state.ts'
import { sumUp } from './sum-up.ts'

/** Several backups that are selected: how many, how large, of which state, and what can be done with all of them. */
export function SelectionInspector(props: {
  readonly backups: readonly BackupRecord[]
  /** What the filter leaves in the list. */
  readonly listed: readonly BackupRecord[]
  readonly onValidate: () => Promise<void>
  readonly onDelete: () => void
  readonly onNone: () => void
}) {
  const { backups, listed, onValidate, onDelete, onNone } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  if (backups.length === 0) {
    return (
      <aside className="inspector" aria-label={say('inspector.name')} tabIndex={-1} data-region>
        <p className="quiet">{say('inspector.none')}</p>
        <p className="quiet">{say('selection.how')}</p>
      </aside>
    )
  }
  const { statuses, dataBytes, walBytes, chainCount, first, last } = sumUp(backups)
  const shown = new Set(listed.map(({ id }) => id))
  const hidden = backups.filter(({ id }) => !shown.has(id)).length
  const isBusy = backups.some(({ status, isStale }) => status === 'RUNNING' && !isStale)
  const validate = async (): Promise<void> => {
    setFailure(undefined)
    try {
      await onValidate()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <aside className="inspector" aria-label={say('inspector.name')} tabIndex={-1} data-region>
      <h2>{say('selection.title', { count: backups.length })}</h2>
      <p className="selection-size numbers">{formatBytes(dataBytes + walBytes)}</p>
      {hidden === 0 ? null : <p className="status look">⚠ {say('selection.hidden', { count: hidden })}</p>}
      <ul className="plain-list selection-statuses">
        {statuses.map(({ sample, count }) => (
          <li key={statusWord(sample)}>
            <StatusMark
              status={sample.status}
              isStale={statusWord(sample) === 'STALE'}
              word={say(`status.${statusWord(sample)}` as TextKey)}
            />
            <span className="numbers">{count}</span>
          </li>
        ))}
      </ul>
      <div className="row">
        <button type="button" className="button" onClick={() => void validate()} disabled={isBusy}>
          {say('inspector.validate')}
        </button>
        <button
          type="button"
          className="button"
          onClick={() =>
            void navigator.clipboard
              .writeText(backups.map(({ id }) => id).join('\n'))
              .then(() => announce(say('common.copied')))
          }
        >
          {say('selection.copy-ids')}
        </button>
        <button type="button" className="button danger" onClick={onDelete} disabled={isBusy}>
          {say('inspector.delete')}
        </button>
        <button type="button" className="button" onClick={onNone}>
          {say('selection.none')}
        </button>
      </div>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <h3>{say('inspector.facts')}</h3>
      <dl className="facts">
        <dt>{say('table.data')}</dt>
        <dd className="numbers">{formatBytes(dataBytes)}</dd>
        <dt>{say('table.wal')}</dt>
        <dd className="numbers">{formatBytes(walBytes)}</dd>
        <dt>{say('chains.title')}</dt>
        <dd className="numbers">{chainCount}</dd>
        <dt>{say('chains.from')}</dt>
        <dd className="numbers">{formatTime(first.startTime, zone)}</dd>
        <dt>{say('chains.to')}</dt>
        <dd className="numbers">{formatTime(last.startTime, zone)}</dd>
      </dl>
      <p className="quiet">{say('selection.how')}</p>
    </aside>
  )
}
