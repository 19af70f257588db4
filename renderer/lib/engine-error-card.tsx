import type { EngineError } from '../../engine/base/engine-error.ts'
import type { WireError } from '../../engine/base/engine-error.ts'
import { ErrorCard } from '../ui/parts.tsx'
import { useTexts } from './i18n.ts'
import { errorTitle } from './error-titles.ts'

/** A failure of the engine as a card: what, why, what to do, and the raw facts to send to somebody. */
export function EngineErrorCard({
  error,
  onRetry,
}: {
  readonly error: EngineError | WireError
  readonly onRetry?: () => void
}) {
  const { say, language } = useTexts()
  const causes: string[] = []
  for (let at: unknown = error.cause; at !== undefined; at = (at as { cause?: unknown }).cause) {
    const { message } = at as { readonly message?: unknown }
    if (typeof message === 'string' && !causes.includes(message)) causes.push(message)
  }
  const facts = Object.entries(error.facts ?? {}).map(([name, value]) => `${name}: ${value}`)
  return (
    <ErrorCard
      title={errorTitle(error.code, language)}
      what={[say('error.what'), error.message]}
      cause={causes.length === 0 ? undefined : [say('error.cause'), causes.join(': ')]}
      fix={error.hint === undefined ? undefined : [say('error.fix'), error.hint]}
      raw={[say('error.raw'), [`code: ${error.code}`, ...facts].join('\n')]}
    >
      {onRetry === undefined ? null : (
        <button type="button" className="button" onClick={onRetry}>
          {say('common.retry')}
        </button>
      )}
    </ErrorCard>
  )
}
