import type { EngineError, WireError } from '../../engine/base/engine-error.ts'
import { CopyText, ErrorCard } from '../ui/parts.tsx'
import { errorTexts } from './error-texts.ts'
import { useTexts } from './i18n.ts'

/** A failure of the engine as a card: what, why, what to do, and the raw facts to send to somebody. */
export function EngineErrorCard({
  error,
  onRetry,
}: {
  readonly error: EngineError | WireError
  readonly onRetry?: () => void
}) {
  const { say, language } = useTexts()
  const { title, what, cause, fix, original, raw } = errorTexts(error, language)
  return (
    <ErrorCard
      title={title}
      lines={[
        [say('error.what'), what],
        [say('error.cause'), cause],
        [say('error.fix'), fix],
      ]}
      original={
        original === undefined ? null : (
          <div role="group" lang="en" aria-label={say('error.original')}>
            <CopyText text={original} label={say('common.copy')} doneLabel={say('common.copied')} />
          </div>
        )
      }
      raw={[
        say('error.raw'),
        <CopyText
          key="raw"
          text={[what, cause, raw].filter((line) => line !== undefined).join('\n')}
          label={say('common.copy')}
          doneLabel={say('common.copied')}
        />,
      ]}
    >
      {onRetry === undefined ? null : (
        <button type="button" className="button" onClick={onRetry}>
          {say('common.retry')}
        </button>
      )}
    </ErrorCard>
  )
}

/** The same where there is no room for a card: what happened and what to do, in a few lines of their own. */
export function EngineErrorLines({ error }: { readonly error: EngineError | WireError }) {
  const { language } = useTexts()
  const { title, what, fix, original } = errorTexts(error, language)
  return (
    <>
      <strong>{title}</strong>
      {what === undefined ? null : <p>{what}</p>}
      <p>{fix}</p>
      {original === undefined ? null : (
        <p lang="en" className="original quiet">
          {original}
        </p>
      )}
    </>
  )
}
