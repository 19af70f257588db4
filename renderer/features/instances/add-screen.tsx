import { type FormEvent, useState } from 'react'
import type { ProbeReport } from '../../../engine/api/contract/instances.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard, EngineErrorLines } from '../../lib/engine-error-card.tsx'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { PathField } from '../../lib/path-field.tsx'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import { CopyText, Field } from '../../ui/parts.tsx'
import './overview.css'

type Draft = {
  readonly catalog: string
  readonly name: string
  readonly host: string
  readonly port: string
  readonly user: string
  readonly database: string
  readonly password: string
  readonly dataDirectory: string
}

const MARKS = { ok: '✓', warning: '!', failed: '✕' } as const

/** Registers a cluster: fields, a probe that says how each thing stands and how to mend it, then *Add*. */
export function AddScreen() {
  const engine = useEngine()
  const { say } = useTexts()
  const info = useStore((store) => store.info)
  const [draft, setDraft] = useState<Draft>({
    catalog: info?.defaultCatalog ?? '',
    name: '',
    host: '',
    port: '',
    user: '',
    database: '',
    password: '',
    dataDirectory: '',
  })
  const [report, setReport] = useState<ProbeReport | undefined>(undefined)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  const set = (changes: Partial<Draft>): void => setDraft({ ...draft, ...changes })
  const given = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim())
  const connection = {
    ...(given(draft.host) !== undefined && { host: draft.host.trim() }),
    ...(given(draft.port) !== undefined && { port: draft.port.trim() }),
    ...(given(draft.user) !== undefined && { user: draft.user.trim() }),
    ...(given(draft.database) !== undefined && { database: draft.database.trim() }),
  }

  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setFailure(undefined)
    try {
      await work()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
    setBusy(false)
  }
  const probe = (event: FormEvent): void => {
    event.preventDefault()
    void run(async () => {
      const found = await engine['instances.probe']({
        connection,
        catalog: given(draft.catalog),
        password: given(draft.password),
        dataDirectory: given(draft.dataDirectory),
        instance: given(draft.name),
      })
      setReport(found)
      set({
        name: given(draft.name) ?? found.suggestedName,
        dataDirectory: given(draft.dataDirectory) ?? found.dataDirectory ?? '',
      })
    })
  }
  const add = (): void =>
    void run(async () => {
      const ref = await engine['instances.add']({
        catalog: draft.catalog.trim(),
        instance: draft.name.trim(),
        createCatalog: true,
        connection,
        dataDirectory: given(draft.dataDirectory),
        password: given(draft.password),
      })
      announce(say('add.added'))
      navigate({ screen: 'overview', instance: { catalog: ref.catalog, instance: ref.instance } })
    })

  return (
    <form className="form" onSubmit={probe}>
      <div>
        <h1>{say('add.title')}</h1>
        <p className="quiet">{say('add.text')}</p>
      </div>
      <PathField
        label={say('add.catalog')}
        hint={say('add.catalog-hint')}
        value={draft.catalog}
        onChange={(catalog) => set({ catalog })}
      />
      <div className="form-grid">
        <Field label={say('add.host')}>
          <input
            value={draft.host}
            onChange={(event) => set({ host: event.target.value })}
            placeholder="/var/run/postgresql"
          />
        </Field>
        <Field label={say('add.port')}>
          <input
            value={draft.port}
            onChange={(event) => set({ port: event.target.value })}
            placeholder="5432"
            inputMode="numeric"
          />
        </Field>
        <Field label={say('add.user')}>
          <input
            value={draft.user}
            onChange={(event) => set({ user: event.target.value })}
            placeholder={info?.osUser}
            autoComplete="off"
          />
        </Field>
        <Field label={say('add.database')}>
          <input
            value={draft.database}
            onChange={(event) => set({ database: event.target.value })}
            placeholder="postgres"
          />
        </Field>
        <Field
          label={say('add.password')}
          hint={say(info?.secretStore === 'keyring' ? 'add.password-keyring' : 'add.password-memory')}
        >
          <input
            type="password"
            value={draft.password}
            onChange={(event) => set({ password: event.target.value })}
            autoComplete="off"
          />
        </Field>
        <Field label={say('add.directory')} hint={say('add.directory-hint')}>
          <input
            value={draft.dataDirectory}
            onChange={(event) => set({ dataDirectory: event.target.value })}
            spellCheck={false}
          />
        </Field>
        <Field label={say('add.name')}>
          <input
            value={draft.name}
            onChange={(event) => set({ name: event.target.value })}
            spellCheck={false}
          />
        </Field>
      </div>
      <div className="row">
        <button type="submit" className="button" disabled={isBusy}>
          {say(isBusy ? 'add.probing' : 'add.probe')}
        </button>
        <button
          type="button"
          className="button primary"
          disabled={isBusy || report?.canAdd !== true || draft.name === '' || draft.catalog === ''}
          onClick={add}
        >
          {say('add.add')}
        </button>
      </div>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      {report === undefined ? null : (
        <section className="card" aria-live="polite">
          <h2>{say('add.result')}</h2>
          <ul className="probe">
            {report.lines.map((line, index) => (
              <li key={`${line.code} ${index}`} className={line.state}>
                <b aria-hidden="true">{MARKS[line.state]}</b>
                <span>{saySentence(say, 'probe', line.sentence)}</span>
                {line.hint === undefined ? null : (
                  <small className="quiet">{say(`probe-hint.${line.hint}`)}</small>
                )}
                {line.failure === undefined ? null : (
                  <div className="failure">
                    <EngineErrorLines error={line.failure} />
                  </div>
                )}
                {line.remedy === undefined ? null : (
                  <CopyText text={line.remedy} label={say('common.copy')} doneLabel={say('common.copied')} />
                )}
              </li>
            ))}
          </ul>
        </section>
      )}
    </form>
  )
}
