import { useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { Field } from '../../ui/parts.tsx'

/** Gives the password of an instance again: it was changed on the server, or forgotten with the last end of the program. */
export function PasswordForm(props: { readonly instance: InstanceRef; readonly onGiven: () => void }) {
  const { instance, onGiven } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [password, setPassword] = useState('')
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const give = async (): Promise<void> => {
    setFailure(undefined)
    try {
      await engine['instances.set-password']({ ...instance, password })
      setPassword('')
      onGiven()
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (password !== '') void give()
      }}
    >
      <Field label={say('add.password')} hint={say('overview.password-hint')}>
        <input
          type="password"
          autoComplete="off"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      <div className="row">
        <button type="submit" className="button" disabled={password === ''}>
          {say('overview.password-use')}
        </button>
      </div>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
    </form>
  )
}
