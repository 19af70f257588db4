import { useEffect, useRef, useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { WalSetupTest } from '../../../engine/api/contract/wal-setup.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatDuration } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useNow } from '../../lib/use-now.ts'

const LIMIT_SECONDS = 60

type Test =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly sinceMs: number; readonly stop: AbortController }
  | { readonly kind: 'over'; readonly result: WalSetupTest }
  | { readonly kind: 'failed'; readonly error: EngineError }

/** Sends one segment into the archive and says whether it arrived. */
export function SegmentTest({
  instance,
  onArrived,
}: {
  readonly instance: InstanceRef
  readonly onArrived: () => void
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const [test, setTest] = useState<Test>({ kind: 'none' })
  const running = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const start = async (): Promise<void> => {
    const stop = new AbortController()
    running.current = stop
    setTest({ kind: 'running', sinceMs: Date.now(), stop })
    try {
      const input = { ...instance, timeoutSeconds: LIMIT_SECONDS }
      const result = await engine['wal.setup-test'](input, { signal: stop.signal })
      setTest({ kind: 'over', result })
      if (result.arrivedAfterMs !== undefined) onArrived()
    } catch (thrown) {
      if (stop.signal.aborted) return setTest({ kind: 'none' })
      const error = thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown))
      setTest({ kind: 'failed', error })
    }
  }
  return (
    <div className="stack segment-test" aria-live="polite">
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={test.kind === 'running'}
          onClick={() => void start()}
        >
          {say('wal.test')}
        </button>
        {test.kind === 'running' ? (
          <>
            <Waiting sinceMs={test.sinceMs} />
            <button type="button" className="button small" onClick={() => test.stop.abort()}>
              {say('common.cancel')}
            </button>
          </>
        ) : null}
        {test.kind === 'none' ? <span className="quiet">{say('wal.test-text')}</span> : null}
      </div>
      {test.kind === 'over' ? <Result result={test.result} /> : null}
      {test.kind === 'failed' ? <EngineErrorCard error={test.error} /> : null}
    </div>
  )
}

function Waiting({ sinceMs }: { readonly sinceMs: number }) {
  const { say } = useTexts()
  const nowMs = useNow(500)
  const seconds = Math.max(0, (nowMs - sinceMs) / 1000)
  const share = Math.min(100, Math.round((seconds / LIMIT_SECONDS) * 100))
  return (
    <>
      <div className="bar grow" role="progressbar" aria-label={say('wal.test')} aria-valuenow={share}>
        <i style={{ width: `${share}%` }} />
      </div>
      <span className="quiet numbers">
        {say('wal.test-waiting', { time: formatDuration(seconds), limit: formatDuration(LIMIT_SECONDS) })}
      </span>
    </>
  )
}

function Result({ result }: { readonly result: WalSetupTest }) {
  const { say } = useTexts()
  const { segment, arrivedAfterMs, hasArchiverFailed, archiver } = result
  if (arrivedAfterMs !== undefined) {
    return (
      <p>
        ✓ {say('wal.test-arrived', { segment, time: formatDuration(Math.max(1, arrivedAfterMs / 1000)) })}
      </p>
    )
  }
  return (
    <p className="status broken">
      ✕{' '}
      {hasArchiverFailed
        ? say('wal.test-failed', { segment: archiver?.lastFailedWal ?? segment })
        : say('wal.test-late', { segment, limit: formatDuration(LIMIT_SECONDS) })}
    </p>
  )
}
