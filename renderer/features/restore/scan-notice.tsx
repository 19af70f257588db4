import { useState } from 'react'
import { hasEnded, type JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { WalIndexStatus } from '../../../engine/api/contract/wal-index.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { errorTexts } from '../../lib/error-texts.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'

/** How much WAL was not read yet, and the button that reads it, or why it cannot be kept; nothing when all of it was read. */
export function ScanNotice({
  instance,
  status,
  problem,
}: {
  readonly instance: InstanceRef
  readonly status: WalIndexStatus | undefined
  readonly problem: EngineError | undefined
}) {
  const engine = useEngine()
  const { say, language } = useTexts()
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const job = useStore(({ jobs }) =>
    Object.values(jobs).find(
      (one) =>
        one.kind === 'index-wal' &&
        one.catalog === instance.catalog &&
        one.instance === instance.instance &&
        !hasEnded(one),
    ),
  )
  const start = async (): Promise<void> => {
    setFailure(undefined)
    try {
      await engine['wal.index.start'](instance)
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  if (failure !== undefined) return <EngineErrorCard error={failure} onRetry={() => void start()} />
  if (job !== undefined) return <Scanning job={job} />
  if (problem?.code.startsWith('storage.') === true)
    return (
      <div className="row scan">
        <span className="status look">
          ≈ {say('scan.no-index', { why: errorTexts(problem, language).title })}
        </span>
      </div>
    )
  if (status === undefined || status.pendingCount === 0) return null
  return (
    <div className="row scan">
      <span className="status look">
        ≈ {say('scan.pending', { count: status.pendingCount, bytes: formatBytes(status.pendingBytes) })}
      </span>
      <button type="button" className="button small" onClick={() => void start()}>
        {say('scan.start')}
      </button>
    </div>
  )
}

function Scanning({ job }: { readonly job: JobSnapshot }) {
  const { say } = useTexts()
  const { doneBytes = 0, totalBytes = 0 } = job.progress ?? {}
  const percent = totalBytes === 0 ? undefined : Math.min(100, Math.floor((doneBytes / totalBytes) * 100))
  return (
    <div className="row scan">
      <span className="status active">▶ {say('scan.running')}</span>
      <div
        className={percent === undefined ? 'bar grow unknown' : 'bar grow'}
        role="progressbar"
        aria-label={say('scan.running')}
        {...(percent !== undefined && { 'aria-valuenow': percent, 'aria-valuemin': 0, 'aria-valuemax': 100 })}
      >
        {percent === undefined ? null : <i style={{ width: `${percent}%` }} />}
      </div>
      <span className="numbers quiet">{percent === undefined ? '' : `${percent} %`}</span>
    </div>
  )
}
