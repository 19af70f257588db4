import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { useTexts } from '../../lib/i18n.ts'
import { PathField } from '../../lib/path-field.tsx'
import { Field } from '../../ui/parts.tsx'
import { mappingsOf, type RestoreDraft } from './restore-draft.ts'

type Change = (changes: Partial<RestoreDraft>) => void

const MOST_THREADS = 64

/** Where the cluster and everything outside its data directory goes. */
export function WhereStep(props: {
  readonly draft: RestoreDraft
  readonly scratch: string
  readonly outside: RestorePlan
  readonly onChange: Change
}) {
  const { draft, scratch, outside, onChange } = props
  const { say } = useTexts()
  const { tablespaceMapping, externalMapping } = mappingsOf(draft, scratch, outside)
  const move = (from: string, to: string): void => onChange({ moved: { ...draft.moved, [from]: to } })
  return (
    <>
      <div className="places" role="radiogroup" aria-label={say('restore.where')}>
        {(['scratch', 'directory'] as const).map((place) => (
          <label key={place} className="place">
            <input
              type="radio"
              name="place"
              checked={draft.place === place}
              onChange={() => onChange({ place, moved: {} })}
            />
            <span>
              <strong>{say(`restore.${place}`)}</strong>
              {place === 'scratch' ? <em>{say('restore.recommended')}</em> : null}
              <small>{say(`restore.${place}-text`)}</small>
            </span>
          </label>
        ))}
      </div>
      {draft.place === 'scratch' ? (
        <p>
          {say('restore.path')}: <code>{scratch}/data</code>
        </p>
      ) : (
        <PathField
          label={say('restore.path')}
          hint={
            draft.directory === '' || draft.directory.trim().startsWith('/')
              ? undefined
              : say('restore.not-absolute')
          }
          value={draft.directory}
          onChange={(directory) => onChange({ directory })}
        />
      )}
      <Mappings title={say('restore.tablespaces')} rows={tablespaceMapping} onMove={move} />
      <Mappings title={say('restore.externals')} rows={externalMapping} onMove={move} />
    </>
  )
}

function Mappings(props: {
  readonly title: string
  readonly rows: readonly { readonly from: string; readonly to: string }[]
  readonly onMove: (from: string, to: string) => void
}) {
  const { say } = useTexts()
  if (props.rows.length === 0) return null
  return (
    <table className="plain mappings">
      <caption>{props.title}</caption>
      <thead>
        <tr>
          <th scope="col">{say('restore.from')}</th>
          <th scope="col">{say('restore.to')}</th>
        </tr>
      </thead>
      <tbody>
        {props.rows.map(({ from, to }) => (
          <tr key={from}>
            <td className="mono">{from}</td>
            <td>
              <input
                aria-label={`${from} ${say('restore.to')}`}
                value={to}
                spellCheck={false}
                onChange={(event) => props.onMove(from, event.target.value)}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** How far recovery goes and how the work is done. */
export function HowStep(props: {
  readonly draft: RestoreDraft
  /** False at the end of a backup that has all its WAL: the server just opens. */
  readonly hasTarget: boolean
  readonly onChange: Change
}) {
  const { draft, hasTarget, onChange } = props
  const { say } = useTexts()
  return (
    <>
      {hasTarget ? (
        <Field label={say('restore.action')}>
          <select
            value={draft.targetAction}
            onChange={(event) =>
              onChange({ targetAction: event.target.value as RestoreDraft['targetAction'] })
            }
          >
            {(['pause', 'promote', 'shutdown'] as const).map((action) => (
              <option key={action} value={action}>
                {say(`restore.action-${action}`)}
              </option>
            ))}
          </select>
        </Field>
      ) : null}
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
      <label className="field check">
        <input
          type="checkbox"
          checked={draft.isValidated}
          onChange={(event) => onChange({ isValidated: event.target.checked })}
        />
        <span>{say('restore.validate')}</span>
      </label>
    </>
  )
}
