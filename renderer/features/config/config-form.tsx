import { useState } from 'react'
import type { InstanceSetting, InstanceSettings } from '../../../engine/api/contract/instances.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { WireError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { type Say, useTexts } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import { navigate } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { Empty } from '../../ui/parts.tsx'
import { changesOf, stateOf, useConfigDraft, withText } from './config-draft.ts'
import { KeptLines } from './kept-lines.tsx'
import { SaveDialog } from './save-dialog.tsx'
import { SettingRow } from './setting-row.tsx'

/** So long nothing must change before the engine is asked what it thinks of it. */
const REST_MS = 200

/** The settings by group, each in its field, and one save for all. */
export function ConfigForm(props: { readonly instance: InstanceRef; readonly known: InstanceSettings }) {
  const { instance, known } = props
  const { settings, kept } = known
  const engine = useEngine()
  const { say } = useTexts()
  const [draft, setDraft] = useConfigDraft(instance)
  const [find, setFind] = useState('')
  const [isOverriddenOnly, setOverriddenOnly] = useState(false)
  const [wantsSave, setWantsSave] = useState(false)

  const changes = changesOf(draft, settings)
  const count = Object.keys(changes).length
  const asked = JSON.stringify(changes)
  const settled = useSettled(asked, REST_MS)
  const plan = useQuery(`config-plan ${instance.catalog}\n${instance.instance}\n${settled}`, (signal) =>
    engine['instances.plan-config'](
      { ...instance, values: JSON.parse(settled) as Record<string, string> },
      { signal },
    ),
  )
  const problems: ReadonlyMap<string, WireError> = new Map(
    plan.kind === 'ready' ? plan.value.problems.map(({ key, error }) => [key, error]) : [],
  )
  const isJudged = plan.kind === 'ready' && settled === asked

  const shown = settings.filter(
    (one) =>
      (!isOverriddenOnly || stateOf(one, draft) === 'overridden' || one.key in changes) &&
      fits(say, one, find),
  )
  const groups = [...new Set(shown.map(({ group }) => group))]
  const overridden = settings.filter((one) => stateOf(one, draft) === 'overridden').length
  const isWrong = isJudged && problems.size > 0
  // Who presses Enter at once need not wait for the engine, and wishes for nothing when it finds a mistake.
  if (wantsSave && isWrong) setWantsSave(false)
  return (
    <>
      <form
        noValidate
        aria-label={say('config.title')}
        onSubmit={(event) => {
          event.preventDefault()
          if (count > 0 && !isWrong) setWantsSave(true)
        }}
      >
        <section className="card stack" data-region>
          <h2>{say('config.title')}</h2>
          <p>{say('config.text')}</p>
          <p className="quiet">{say('config.no-password')}</p>
          <div className="row">
            <input
              type="search"
              className="config-find"
              aria-label={say('config.find')}
              placeholder={say('config.find')}
              value={find}
              onChange={(event) => setFind(event.target.value)}
            />
            <label className="row">
              <input
                type="checkbox"
                checked={isOverriddenOnly}
                onChange={(event) => setOverriddenOnly(event.target.checked)}
              />
              {say('config.only-overridden')}
            </label>
            <span className="config-mark overridden">
              ◆ {say('config.overridden', { count: overridden })}
            </span>
          </div>
        </section>
        {groups.length === 0 ? <Empty title={say('config.nothing-found')} /> : null}
        {groups.map((group) => (
          <section key={group} className="card" data-region>
            <div className="row">
              <h2 className="grow">{groupTitle(say, group)}</h2>
              {group === 'Retention parameters' ? (
                <button
                  type="button"
                  className="button small"
                  onClick={() => navigate({ screen: 'retention', instance })}
                >
                  {say('config.rehearse')}
                </button>
              ) : null}
            </div>
            <table className="plain config-table">
              <caption className="visually-hidden">{groupTitle(say, group)}</caption>
              <thead>
                <tr>
                  <th scope="col">{say('config.setting')}</th>
                  <th scope="col">{say('config.value')}</th>
                  <th scope="col">{say('config.default')}</th>
                  <th scope="col">{say('config.state')}</th>
                </tr>
              </thead>
              <tbody>
                {shown
                  .filter((one) => one.group === group)
                  .map((one) => (
                    <SettingRow
                      key={one.key}
                      setting={one}
                      draft={changes}
                      problem={problems.get(one.key)}
                      onText={(text) => setDraft(withText(changes, one, text))}
                    />
                  ))}
              </tbody>
            </table>
          </section>
        ))}
        <KeptLines kept={kept} />
        <div className="config-foot row" data-region>
          <p className="grow" role="status">
            {count === 0 ? say('config.no-changes') : say('config.changes', { count })}{' '}
            {problems.size === 0 ? null : (
              <span className="status broken">✕ {say('config.wrong', { count: problems.size })}</span>
            )}
          </p>
          <button type="button" className="button" disabled={count === 0} onClick={() => setDraft({})}>
            {say('config.discard')}
          </button>
          <button type="submit" className="button primary" disabled={count === 0 || isWrong}>
            {say('config.look')}
          </button>
        </div>
        {plan.kind === 'failed' ? <EngineErrorCard error={plan.error} onRetry={plan.refetch} /> : null}
      </form>
      {wantsSave && isJudged && !isWrong ? (
        <SaveDialog
          instance={instance}
          changes={changes}
          onSaved={() => setDraft({})}
          onClose={() => setWantsSave(false)}
        />
      ) : null}
    </>
  )
}

/** The key and what it means are looked through. */
function fits(say: Say, { key }: InstanceSetting, find: string): boolean {
  const text = `${key} ${say(`config.key.${key}` as TextKey)}`.toLowerCase()
  return find
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

function groupTitle(say: Say, group: string): string {
  return say(`config.group.${group}` as TextKey)
}
