import { useState } from 'react'
import { useTexts } from '../../lib/i18n.ts'
import { Field } from '../../ui/parts.tsx'
import type { RestoreDraft } from './restore-draft.ts'

const TEMPLATES: ReadonlySet<string> = new Set(['template0', 'template1'])

/** All databases, only some, or all but some. What is left out has files that are empty: it has to be dropped. */
export function DatabaseChoice(props: {
  readonly draft: RestoreDraft
  /** Databases that the backup has; empty where it does not tell. */
  readonly known: readonly string[]
  readonly onChange: (changes: Partial<RestoreDraft>) => void
}) {
  const { draft, known, onChange } = props
  const { say } = useTexts()
  const [text, setText] = useState(draft.databases.join(', '))
  const choices = known.filter((name) => !TEMPLATES.has(name))
  const toggle = (name: string): void =>
    onChange({
      databases: draft.databases.includes(name)
        ? draft.databases.filter((one) => one !== name)
        : [...draft.databases, name],
    })
  return (
    <fieldset className="choices">
      <legend>{say('wizard.databases')}</legend>
      <div className="row">
        {(['all', 'include', 'exclude'] as const).map((partial) => (
          <label key={partial} className="row">
            <input
              type="radio"
              name="partial"
              checked={draft.partial === partial}
              onChange={() => onChange({ partial })}
            />
            {say(`wizard.databases-${partial}`)}
          </label>
        ))}
      </div>
      {draft.partial === 'all' ? null : choices.length > 0 ? (
        <div className="row databases" role="group" aria-label={say('wizard.databases')}>
          {choices.map((name) => (
            <label key={name} className="row">
              <input type="checkbox" checked={draft.databases.includes(name)} onChange={() => toggle(name)} />
              <span className="mono">{name}</span>
            </label>
          ))}
        </div>
      ) : (
        <Field label={say('wizard.database-names')}>
          <input
            value={text}
            spellCheck={false}
            onChange={(event) => {
              setText(event.target.value)
              onChange({
                databases: event.target.value
                  .split(',')
                  .map((name) => name.trim())
                  .filter((name) => name !== ''),
              })
            }}
          />
        </Field>
      )}
      {draft.partial !== 'all' && draft.databases.length === 0 ? (
        <p className="status look">! {say('wizard.databases-none')}</p>
      ) : null}
      {draft.partial !== 'all' && draft.incrementalMode !== 'none' ? (
        <label className="field check">
          <input
            type="checkbox"
            checked={draft.destroysOtherDatabases}
            onChange={(event) => onChange({ destroysOtherDatabases: event.target.checked })}
          />
          <span className="status broken">{say('wizard.destroys')}</span>
        </label>
      ) : null}
    </fieldset>
  )
}
