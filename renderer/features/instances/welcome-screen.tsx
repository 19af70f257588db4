import { useState } from 'react'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { PathField } from '../../lib/path-field.tsx'
import { navigate } from '../../lib/stores.ts'

/** Where nothing is chosen yet: add a server, or open a catalog. */
export function WelcomeScreen() {
  const engine = useEngine()
  const { say } = useTexts()
  const [path, setPath] = useState('')
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const open = async (): Promise<void> => {
    setFailure(undefined)
    try {
      const catalog = path.trim()
      const { instances } = await engine['catalogs.open']({ path: catalog })
      const [first] = instances
      if (first !== undefined) navigate({ screen: 'overview', instance: { catalog, instance: first } })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <div className="form">
      <div>
        <h1>{say('welcome.title')}</h1>
        <p className="quiet">{say('welcome.text')}</p>
      </div>
      <div className="row">
        <button type="button" className="button primary" onClick={() => navigate({ screen: 'add' })}>
          {say('nav.add')}
        </button>
      </div>
      <section className="card stack">
        <h2>{say('welcome.open')}</h2>
        <PathField label={say('welcome.path')} value={path} onChange={setPath} />
        <div className="row">
          <button type="button" className="button" disabled={path.trim() === ''} onClick={() => void open()}>
            {say('common.open')}
          </button>
        </div>
        {failure === undefined ? null : <EngineErrorCard error={failure} />}
      </section>
    </div>
  )
}
