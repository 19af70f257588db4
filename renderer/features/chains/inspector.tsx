import { useEffect, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { DrillRecord } from '../../../engine/api/contract/drills.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { DrillLink } from '../../lib/drill-badge.tsx'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { isDay } from '../../lib/zone-time.ts'
import { DateText } from '../../ui/date-text.tsx'
import { blockerOf, type CardAction, cardActions, cardWord } from './backup-state.ts'
import { readMoment, writeMoment } from './moments.ts'
import { restoreCommand } from './restore-command.ts'
import { StatusCard } from './status-card.tsx'

/** What is selected: what its status means, whether it can be restored, what to do, and the facts. */
export function Inspector(props: {
  readonly instance: InstanceRef
  readonly backup: BackupRecord
  /** The newest restore test of it. */
  readonly drill: DrillRecord | undefined
  /** The backups of the same chain, this one included, oldest first. */
  readonly family: readonly BackupRecord[]
  /** A merge of this instance is under way. */
  readonly isMergeRunning: boolean
  readonly onAct: (action: CardAction, subject: BackupRecord) => Promise<void>
  readonly onSheet: (kind: 'merge' | 'delete') => void
}) {
  const { instance, backup, drill, family, isMergeRunning, onAct, onSheet } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const detail = useQuery(`detail ${instance.catalog}\n${instance.instance}\n${backup.id}`, (signal) =>
    engine['backups.detail']({ ...instance, id: backup.id }, { signal }),
  )
  const blocker = blockerOf(backup, family)
  const word = cardWord(backup, family)
  const actions = cardActions(word, blocker, isMergeRunning)
  const isOffered = (action: CardAction): boolean => actions.includes(action)
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    setFailure(undefined)
    try {
      await work()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const annotate = (
    change: { readonly note?: string; readonly expireTime?: string | null },
    notice: string,
  ) =>
    attempt(async () => {
      await engine['backups.annotate']({ ...instance, id: backup.id, ...change })
      announce(notice)
    })
  const pinnedTo =
    backup.expireTime === undefined ? '' : writeMoment(Date.parse(backup.expireTime), zone).slice(0, 10)
  return (
    <aside className="inspector" aria-label={say('inspector.name')} tabIndex={-1} data-region>
      <h2>{say('inspector.title', { id: backup.id })}</h2>
      <StatusCard
        backup={backup}
        word={word}
        blocker={blocker}
        actions={actions}
        isMergeRunning={isMergeRunning}
        onAct={(action, subject) => void attempt(() => onAct(action, subject))}
      />
      <p>
        {drill === undefined ? (
          <span className="quiet">
            {say('drill.column')}: {say('drill.untested')}
          </span>
        ) : (
          <DrillLink
            drill={drill}
            onOpen={() => navigate({ screen: 'drill', instance, backupId: backup.id })}
          />
        )}
      </p>
      <div className="row">
        <button
          type="button"
          className={actions.length === 0 ? 'button primary' : 'button'}
          onClick={() => navigate({ screen: 'restore', instance, backupId: backup.id })}
          disabled={backup.chainLength === 0 || backup.status === 'RUNNING' || backup.status === 'ERROR'}
        >
          {say('inspector.restore')}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => navigate({ screen: 'drill', instance, backupId: backup.id })}
          disabled={!backup.isRestorable}
        >
          {say('inspector.test')}
        </button>
        {isOffered('validate') ? null : (
          <button
            type="button"
            className="button"
            onClick={() => void attempt(() => onAct('validate', backup))}
            disabled={backup.status === 'RUNNING' && !backup.isStale}
          >
            {say('inspector.validate')}
          </button>
        )}
        <button
          type="button"
          className="button"
          onClick={() =>
            void navigator.clipboard.writeText(backup.id).then(() => announce(say('common.copied')))
          }
        >
          {say('inspector.copy-id')}
        </button>
        <button
          type="button"
          className="button"
          onClick={() =>
            void navigator.clipboard
              .writeText(restoreCommand(instance, backup.id))
              .then(() => announce(say('common.copied')))
          }
        >
          {say('inspector.copy-command')}
        </button>
        {isOffered('finish-merge') ? null : (
          <button
            type="button"
            className="button"
            onClick={() => onSheet('merge')}
            disabled={family.length < 2 || backup.status === 'RUNNING'}
          >
            {say('inspector.merge')}
          </button>
        )}
        {isOffered('delete') || isOffered('finish-delete') ? null : (
          <button
            type="button"
            className="button danger"
            onClick={() => onSheet('delete')}
            disabled={backup.status === 'RUNNING' && !backup.isStale}
          >
            {say('inspector.delete')}
          </button>
        )}
      </div>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <EditField
        key={`note ${backup.id}`}
        className="note"
        label={say('inspector.note')}
        value={backup.note ?? ''}
        onSave={(note) => annotate({ note }, say('inspector.note-saved'))}
      />
      <EditField
        key={`pin ${backup.id}`}
        className="pin"
        label={say('inspector.pin')}
        type="date"
        value={pinnedTo}
        onSave={(date) => {
          const ms = readMoment(date, zone)
          return annotate(
            { expireTime: ms === undefined ? null : new Date(ms).toISOString() },
            say('inspector.pin-saved'),
          )
        }}
      />
      <h3>{say('inspector.facts')}</h3>
      <dl className="facts">
        <dt>{say('table.mode')}</dt>
        <dd>
          {backup.mode} · {backup.isStream ? 'STREAM' : 'ARCHIVE'}
        </dd>
        <dt>{say('table.time')}</dt>
        <dd>{formatTime(backup.recoveryTime, zone)}</dd>
        <dt>{say('table.start')}</dt>
        <dd className="mono">{formatLsn(backup.startLsn)}</dd>
        <dt>{say('table.stop')}</dt>
        <dd className="mono">{formatLsn(backup.stopLsn)}</dd>
        <dt>{say('table.data')}</dt>
        <dd>
          {backup.uncompressedBytes === undefined || backup.compressAlgorithm === 'none'
            ? formatBytes(backup.dataBytes)
            : say('inspector.sizes', {
                stored: formatBytes(backup.dataBytes),
                whole: formatBytes(backup.uncompressedBytes),
              })}
        </dd>
        <dt>{say('inspector.compression')}</dt>
        <dd>
          {backup.compressAlgorithm} {backup.compressAlgorithm === 'zlib' ? backup.compressLevel : ''}
        </dd>
        {backup.parentId === undefined ? null : (
          <>
            <dt>{say('inspector.parent')}</dt>
            <dd className="mono">{backup.parentId}</dd>
          </>
        )}
        <dt>{say('inspector.chain')}</dt>
        <dd>
          {backup.chainLength === 0
            ? say('inspector.chain-broken')
            : say('inspector.chain-text', {
                count: backup.chainLength,
                bytes: formatBytes(backup.restoreBytes),
              })}
        </dd>
        {detail.kind !== 'ready' ? null : (
          <>
            <dt>{say('inspector.files')}</dt>
            <dd>{detail.value.fileCount ?? '—'}</dd>
            <dt>{say('inspector.databases')}</dt>
            <dd>{detail.value.databases.map(({ name }) => name).join(', ') || '—'}</dd>
            {detail.value.tablespaces.length === 0 ? null : (
              <>
                <dt>{say('inspector.tablespaces')}</dt>
                <dd className="mono">{detail.value.tablespaces.map(({ path }) => path).join(', ')}</dd>
              </>
            )}
            <dt>{say('inspector.directory')}</dt>
            <dd className="mono">{detail.value.directory}</dd>
          </>
        )}
      </dl>
    </aside>
  )
}

const UNDO_MS = 10_000

/** One thing that can be changed at once, and taken back for ten seconds. */
function EditField(props: {
  readonly className: string
  readonly label: string
  readonly type?: 'date'
  readonly value: string
  readonly onSave: (value: string) => Promise<void>
}) {
  const { value, onSave } = props
  const { say } = useTexts()
  const [text, setText] = useState(value)
  const [before, setBefore] = useState<string | undefined>(undefined)
  useEffect(() => {
    if (before === undefined) return undefined
    const timer = setTimeout(() => setBefore(undefined), UNDO_MS)
    return () => clearTimeout(timer)
  }, [before])
  const save = async (next: string, back: string | undefined): Promise<void> => {
    setText(next)
    setBefore(back)
    await onSave(next)
  }
  return (
    <form
      className={`row edit ${props.className}`}
      onSubmit={(event) => {
        event.preventDefault()
        if (text !== value) void save(text, value)
      }}
    >
      <label className="field grow">
        <span className="quiet">{props.label}</span>
        {props.type === 'date' ? (
          <DateText format="YYYY-MM-DD" value={text} isValid={isDay} onText={setText} />
        ) : (
          <input type="text" value={text} onChange={(event) => setText(event.target.value)} />
        )}
      </label>
      {before !== undefined && text === value ? (
        <button type="button" className="button" onClick={() => void save(before, undefined)}>
          {say('inspector.undo')}
        </button>
      ) : (
        <button type="submit" className="button" disabled={text === value}>
          {say('common.save')}
        </button>
      )}
    </form>
  )
}
