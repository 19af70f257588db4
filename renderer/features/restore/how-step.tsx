import { useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { PathField } from '../../lib/path-field.tsx'
import { useQuery } from '../../lib/use-query.ts'
import { Field } from '../../ui/parts.tsx'
import { DatabaseChoice } from './database-choice.tsx'
import {
  isAbsolute,
  QUIET_OPTIONS,
  type RestoreDraft,
  type RestoreSubject,
  stopsAtTarget,
  unchangedCount,
} from './restore-draft.ts'

type Change = (changes: Partial<RestoreDraft>) => void

const MOST_THREADS = 64

/** What the server does at its target; everything else is as usual until somebody wants it otherwise. */
export function HowStep(props: {
  readonly subject: RestoreSubject
  readonly draft: RestoreDraft
  readonly hasExternals: boolean
  readonly onChange: Change
  readonly onWhat: () => void
}) {
  const { subject, draft, hasExternals, onChange, onWhat } = props
  const { say } = useTexts()
  const unchanged = unchangedCount(draft)
  const [isOpen, setOpen] = useState(unchanged < QUIET_OPTIONS.length)
  return (
    <>
      {!stopsAtTarget(subject) ? (
        <p className="quiet">{say(subject.target === undefined ? 'wizard.opens' : 'wizard.opens-latest')}</p>
      ) : (
        <>
          <fieldset className="choices">
            <legend>{say('restore.action')}</legend>
            {(['pause', 'promote', 'shutdown'] as const).map((action) => (
              <label key={action} className="mode-line">
                <input
                  type="radio"
                  name="target-action"
                  checked={draft.targetAction === action}
                  onChange={() => onChange({ targetAction: action })}
                />
                <span>{say(`restore.action-${action}`)}</span>
              </label>
            ))}
          </fieldset>
          <dl className="facts">
            <dt>{say('wizard.target')}</dt>
            <dd className="row">
              <span className="mono">
                {targetText(subject)}{' '}
                {subject.targetTimeline === undefined ? '' : `· TLI ${subject.targetTimeline}`}
              </span>
              <span className="quiet">
                {subject.target?.kind === 'immediate'
                  ? ''
                  : say(subject.isInclusive === false ? 'wizard.exclusive' : 'wizard.inclusive')}
              </span>
              <button type="button" className="button small" onClick={onWhat}>
                {say('wizard.change')}
              </button>
            </dd>
          </dl>
        </>
      )}
      <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          {unchanged === QUIET_OPTIONS.length
            ? say('wizard.unchanged', { count: unchanged })
            : say('wizard.changed', {
                changed: QUIET_OPTIONS.length - unchanged,
                count: unchanged,
              })}
        </summary>
        <Options subject={subject} draft={draft} hasExternals={hasExternals} onChange={onChange} />
      </details>
    </>
  )
}

function targetText({ target }: RestoreSubject): string {
  switch (target?.kind) {
    case 'time':
      return target.at
    case 'xid':
      return `xid ${target.xid}`
    case 'lsn':
      return `LSN ${target.lsn}`
    case 'name':
      return target.name
    case 'immediate':
      return target.kind
    case 'latest':
    case undefined:
      return ''
  }
}

function Options(props: {
  readonly subject: InstanceRef & { readonly id: string }
  readonly draft: RestoreDraft
  readonly hasExternals: boolean
  readonly onChange: Change
}) {
  const { subject, draft, hasExternals, onChange } = props
  const { catalog, instance, id } = subject
  const engine = useEngine()
  const { say } = useTexts()
  const detail = useQuery(`detail ${catalog}\n${instance}\n${id}`, (signal) =>
    engine['backups.detail']({ catalog, instance, id }, { signal }),
  )
  const check = (option: 'isValidated' | 'checksBlocks' | 'isSynced' | 'skipsExternal' | 'isReplica') => (
    <label className="field check">
      <input
        type="checkbox"
        checked={draft[option]}
        onChange={(event) => onChange({ [option]: event.target.checked })}
      />
      <span>{say(option === 'isValidated' ? 'restore.validate' : `wizard.${option}`)}</span>
    </label>
  )
  return (
    <div className="stack options">
      <Field label={say('restore.threads')}>
        <input
          type="number"
          min={1}
          max={MOST_THREADS}
          value={draft.threads}
          onChange={(event) =>
            onChange({
              threads: Math.min(MOST_THREADS, Math.max(1, Math.round(event.target.valueAsNumber || 1))),
            })
          }
        />
      </Field>
      {check('isValidated')}
      {draft.isValidated ? check('checksBlocks') : null}
      {check('isSynced')}
      {draft.isSynced ? null : <p className="status look">! {say('wizard.unsynced')}</p>}
      {hasExternals ? check('skipsExternal') : null}
      <DatabaseChoice
        draft={draft}
        known={detail.kind === 'ready' ? detail.value.databases.map(({ name }) => name) : []}
        onChange={onChange}
      />
      {check('isReplica')}
      {draft.isReplica ? (
        <div className="indented stack">
          <Field label={say('wizard.conninfo')} hint={say('wizard.conninfo-hint')}>
            <input
              value={draft.primaryConninfo}
              spellCheck={false}
              placeholder="host=… port=5432 user=…"
              onChange={(event) => onChange({ primaryConninfo: event.target.value })}
            />
          </Field>
          <Field label={say('wizard.primary-slot')}>
            <input
              value={draft.primarySlotName}
              spellCheck={false}
              onChange={(event) => onChange({ primarySlotName: event.target.value })}
            />
          </Field>
        </div>
      ) : null}
      <PathField
        label={say('wizard.wal-directory')}
        hint={
          draft.walDirectory === '' || isAbsolute(draft.walDirectory)
            ? say('wizard.wal-directory-hint')
            : say('restore.not-absolute')
        }
        value={draft.walDirectory}
        onChange={(walDirectory) => onChange({ walDirectory })}
      />
      <WalSupply draft={draft} onChange={onChange} />
    </div>
  )
}

/** How the restored server comes by archived WAL: by a command that fetches it, or because it is there already. */
function WalSupply({ draft, onChange }: { readonly draft: RestoreDraft; readonly onChange: Change }) {
  const { say } = useTexts()
  return (
    <fieldset className="choices">
      <legend>{say('wizard.wal-supply')}</legend>
      {[false, true].map((copiesWal) => (
        <label key={String(copiesWal)} className="mode-line">
          <input
            type="radio"
            name="wal-supply"
            checked={draft.copiesWal === copiesWal}
            onChange={() => onChange({ copiesWal })}
          />
          <span>{say(copiesWal ? 'wizard.wal-copy' : 'wizard.wal-command')}</span>
        </label>
      ))}
      {draft.copiesWal ? (
        <p className="quiet">{say('wizard.wal-copy-hint')}</p>
      ) : (
        <Field label="restore_command" hint={say('wizard.restore-command-hint')}>
          <input
            value={draft.restoreCommand}
            spellCheck={false}
            className="mono"
            onChange={(event) => onChange({ restoreCommand: event.target.value })}
          />
        </Field>
      )}
    </fieldset>
  )
}
