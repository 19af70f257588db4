import { useState } from 'react'
import type { Settings } from '../../../engine/api/contract/app.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { zoneOf } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { Field } from '../../ui/parts.tsx'

/** How the window looks and speaks, and where passwords live. A change holds at once. */
export function SettingsScreen() {
  const engine = useEngine()
  const { say } = useTexts()
  const settings = useStore((store) => store.settings)
  const info = useStore((store) => store.info)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const change = (changes: Partial<Settings>): void => {
    setFailure(undefined)
    engine['app.change-settings'](changes).then(
      (now) => useStore.setState({ settings: now }),
      (thrown: unknown) =>
        setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown))),
    )
  }
  const zones = Intl.supportedValuesOf('timeZone')
  const isNamed = settings.timeZone !== 'computer' && settings.timeZone !== 'utc'
  return (
    <div className="form">
      <h1>{say('settings.title')}</h1>
      <section className="card form-grid">
        <Field label={say('settings.language')}>
          <select
            value={settings.language}
            onChange={(event) => change({ language: event.target.value as Settings['language'] })}
          >
            <option value="system">{say('settings.language-system')}</option>
            <option value="en">English</option>
            <option value="zh-CN">简体中文</option>
          </select>
        </Field>
        <Field label={say('settings.theme')}>
          <select
            value={settings.theme}
            onChange={(event) => change({ theme: event.target.value as Settings['theme'] })}
          >
            {(['system', 'light', 'dark'] as const).map((theme) => (
              <option key={theme} value={theme}>
                {say(`settings.theme-${theme}`)}
              </option>
            ))}
          </select>
        </Field>
        <Field label={say('settings.zone')}>
          <select value={settings.timeZone} onChange={(event) => change({ timeZone: event.target.value })}>
            <option value="computer">{say('settings.zone-computer', { zone: zoneOf('computer') })}</option>
            <option value="utc">UTC</option>
            {isNamed && !zones.includes(settings.timeZone) ? <option>{settings.timeZone}</option> : null}
            <optgroup label={say('settings.zone-other')}>
              {zones.map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </optgroup>
          </select>
        </Field>
        <Field label={say('settings.density')}>
          <select
            value={settings.density}
            onChange={(event) => change({ density: event.target.value as Settings['density'] })}
          >
            {(['comfortable', 'compact'] as const).map((density) => (
              <option key={density} value={density}>
                {say(`settings.density-${density}`)}
              </option>
            ))}
          </select>
        </Field>
      </section>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <section className="card">
        <h2>{say('settings.secrets')}</h2>
        <p>{say(info?.secretStore === 'keyring' ? 'settings.secrets-keyring' : 'settings.secrets-memory')}</p>
      </section>
      {info === undefined ? null : (
        <section className="card">
          <h2>{say('settings.about')}</h2>
          <p className="quiet">
            {say('settings.about-text', { version: info.version, node: info.nodeVersion, user: info.osUser })}
          </p>
        </section>
      )}
    </div>
  )
}
