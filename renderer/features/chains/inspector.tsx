import { useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { DeleteSheet, MergeSheet } from './plan-sheets.tsx'
import { StatusMark } from '../../ui/status-mark.tsx'

/** What is selected: what its status means, whether it can be restored, what to do, and the facts. */
export function Inspector({
  instance,
  backup,
  family,
}: {
  readonly instance: InstanceRef
  readonly backup: BackupRecord
  /** The backups of the same chain, this one included, oldest first. */
  readonly family: readonly BackupRecord[]
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [sheet, setSheet] = useState<'delete' | 'merge' | undefined>(undefined)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const detail = useQuery(`detail ${instance.catalog}\n${instance.instance}\n${backup.id}`, (signal) =>
    engine['backups.detail']({ ...instance, id: backup.id }, { signal }),
  )
  const isMerging = backup.status === 'MERGING' || backup.status === 'MERGED'
  const word = backup.isStale ? 'STALE' : backup.status
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    setFailure(undefined)
    try {
      await work()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const validate = (): void =>
    void attempt(async () => {
      const { job } = await engine['backups.validate']({ ...instance, id: backup.id, threads: 2 })
      navigate({ screen: 'job', job })
    })
  const command = `tidemark restore -B ${instance.catalog} --instance=${instance.instance} -i ${backup.id} -D NEW_DIRECTORY`
  return (
    <aside className="inspector" aria-label={say('inspector.name')} data-region>
      <h2>{say('inspector.title', { id: backup.id })}</h2>
      <section className="status-card">
        <StatusMark status={backup.status} isStale={backup.isStale} word={say(`status.${word}` as TextKey)} />
        <dl className="facts">
          <dt>{say('inspector.meaning')}</dt>
          <dd>{say(`status.${word}.meaning` as TextKey)}</dd>
          <dt>{say('inspector.restorable')}</dt>
          <dd>{say(`status.${word}.restore` as TextKey)}</dd>
          <dt>{say('inspector.todo')}</dt>
          <dd>{say(`status.${word}.todo` as TextKey)}</dd>
        </dl>
      </section>
      <div className="row">
        <button
          type="button"
          className="button primary"
          onClick={() => navigate({ screen: 'restore', instance, backupId: backup.id })}
          disabled={backup.chainLength === 0 || backup.status === 'RUNNING' || backup.status === 'ERROR'}
        >
          {say('inspector.restore')}
        </button>
        <button
          type="button"
          className="button"
          onClick={validate}
          disabled={backup.status === 'RUNNING' && !backup.isStale}
        >
          {say('inspector.validate')}
        </button>
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
            void navigator.clipboard.writeText(command).then(() => announce(say('common.copied')))
          }
        >
          {say('inspector.copy-command')}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => setSheet('merge')}
          disabled={!isMerging && (family.length < 2 || backup.status === 'RUNNING')}
        >
          {say(isMerging ? 'plan.merge-finish' : 'inspector.merge')}
        </button>
        <button
          type="button"
          className="button danger"
          onClick={() => setSheet('delete')}
          disabled={backup.status === 'RUNNING' && !backup.isStale}
        >
          {say('inspector.delete')}
        </button>
      </div>
      {sheet === 'delete' ? (
        <DeleteSheet
          instance={instance}
          backup={backup}
          family={family}
          onClose={() => setSheet(undefined)}
        />
      ) : null}
      {sheet === 'merge' ? (
        <MergeSheet instance={instance} backup={backup} family={family} onClose={() => setSheet(undefined)} />
      ) : null}
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <NoteField
        key={backup.id}
        note={backup.note ?? ''}
        onSave={(note) =>
          attempt(async () => {
            await engine['backups.annotate']({ ...instance, id: backup.id, note })
            announce(say('inspector.note-saved'))
          })
        }
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
          {formatBytes(backup.dataBytes)} ({formatBytes(backup.uncompressedBytes)})
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
        {backup.expireTime === undefined ? null : (
          <>
            <dt>{say('inspector.pin')}</dt>
            <dd>{formatTime(backup.expireTime, zone)}</dd>
          </>
        )}
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

function NoteField({
  note,
  onSave,
}: {
  readonly note: string
  readonly onSave: (note: string) => Promise<void>
}) {
  const { say } = useTexts()
  const [text, setText] = useState(note)
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault()
        void onSave(text)
      }}
    >
      <input
        className="grow"
        aria-label={say('inspector.note')}
        placeholder={say('inspector.note')}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" disabled={text === note}>
        {say('common.save')}
      </button>
    </form>
  )
}
