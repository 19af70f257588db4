import { useState } from 'react'
import { hasEnded } from '../../../engine/api/contract/jobs.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'

/** How far the WAL was read for exact times, and the button that reads what is new. */
export function IndexCard({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [started, setStarted] = useState<string | undefined>(undefined)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const job = useStore((store) => (started === undefined ? undefined : store.jobs[started]))
  const isRunning = started !== undefined && (job === undefined || !hasEnded(job))
  const key = `${instance.catalog}\n${instance.instance}`
  const status = useQuery(`wal index ${key} ${isRunning}`, (signal) =>
    engine['wal.index-status'](instance, { signal }),
  )
  const start = async (): Promise<void> => {
    setFailure(undefined)
    try {
      setStarted((await engine['wal.index.start'](instance)).job)
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const known = status.kind === 'ready' ? status.value : undefined
  const share =
    job?.progress?.totalBytes === undefined || job.progress.totalBytes === 0
      ? undefined
      : Math.floor((job.progress.doneBytes / job.progress.totalBytes) * 100)
  return (
    <section className="card stack" aria-label={say('wal.index')}>
      <h2>{say('wal.index')}</h2>
      {status.kind === 'loading' && !isRunning ? <Skeleton label={say('common.loading')} lines={2} /> : null}
      {status.kind === 'failed' ? <EngineErrorCard error={status.error} onRetry={status.refetch} /> : null}
      {known === undefined ? null : (
        <p>
          {known.pendingCount === 0
            ? say('wal.index-whole', { commits: known.commitCount })
            : say('wal.index-pending', {
                count: known.pendingCount,
                bytes: formatBytes(known.pendingBytes),
              })}
          <small className="quiet numbers block">
            {known.updatedAt === undefined
              ? say('wal.index-why')
              : say('wal.index-at', { at: formatTime(known.updatedAt, zone) })}
          </small>
        </p>
      )}
      {known === undefined || known.findings.length === 0 ? null : (
        <details>
          <summary className="status broken">
            ✕ {say('wal.index-findings', { count: known.findings.length })}
          </summary>
          <ul className="plain-list finding-list">
            {known.findings.slice(0, MOST_FINDINGS).map((one) => (
              <li key={`${one.segment} ${one.kind} ${one.backupId}`}>
                <span className="mono">
                  {one.segment}
                  {one.lastSegment === one.segment ? '' : ` – ${one.lastSegment.slice(8)}`}
                </span>
                {one.backupId === undefined ? '' : ` (${one.backupId})`} <span lang="en">{one.message}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {isRunning ? (
        <div
          className={share === undefined ? 'bar unknown' : 'bar'}
          role="progressbar"
          aria-label={say('wal.index')}
          aria-valuenow={share}
        >
          {share === undefined ? null : <i style={{ width: `${share}%` }} />}
        </div>
      ) : null}
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      {job?.error === undefined ? null : <EngineErrorCard error={job.error} />}
      <div className="row">
        <button
          type="button"
          className="button small"
          disabled={isRunning || known?.pendingCount === 0}
          onClick={() => void start()}
        >
          {say('wal.index-start')}
        </button>
        {started === undefined ? null : (
          <button
            type="button"
            className="button small plain"
            onClick={() => navigate({ screen: 'job', job: started })}
          >
            {say('wal.show-job')}
          </button>
        )}
      </div>
    </section>
  )
}

const MOST_FINDINGS = 50
