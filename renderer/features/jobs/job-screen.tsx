import { hasEnded, type JobSnapshot, phaseMs } from '../../../engine/api/contract/jobs.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { dotted, formatDuration, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { CancelButton } from './cancel-button.tsx'
import { JobLog } from './job-log.tsx'
import { JobState, ProgressBar } from './job-parts.tsx'
import { doneShare, jobSeconds, jobTitle, progressWords, restoredTo, resultWords } from './job-words.ts'
import { RestoredServer } from './restored-server.tsx'
import { RestoreNext } from './restore-next.tsx'
import { UnfinishedRestore } from './unfinished-restore.tsx'
import './jobs.css'

const MOST_FINDINGS = 200

/** One job: its phases, how far it is, what came of it, and its log. */
export function JobScreen({ id }: { readonly id: string }) {
  const engine = useEngine()
  const { say } = useTexts()
  const live = useStore((store) => store.jobs[id])
  const asked = useQuery(`job ${id}`, (signal) => engine['jobs.get']({ job: id }, { signal }))
  const job = live ?? (asked.kind === 'ready' ? asked.value : undefined)
  if (job === undefined) {
    return (
      <div className="page">
        {asked.kind === 'failed' ? (
          <EngineErrorCard error={asked.error} onRetry={asked.refetch} />
        ) : (
          <Skeleton label={say('common.loading')} lines={8} />
        )}
      </div>
    )
  }
  return <Shown job={job} />
}

function Shown({ job }: { readonly job: JobSnapshot }) {
  const { say } = useTexts()
  const nowMs = useNow(1000)
  const zone = useStore((store) => store.settings.timeZone)
  const seconds = jobSeconds(job, nowMs)
  const share = doneShare(job)
  const { instance, backupId } = job
  // What is restored was there before, also where the restore broke off and wants to be continued.
  const isThere = job.result !== undefined || job.kind === 'restore'
  return (
    <div className="page job-page">
      <div className="row">
        <h1>{jobTitle(say, job)}</h1>
        <JobState job={job} />
        <span className="grow" />
        {instance === undefined || backupId === undefined || !isThere ? null : (
          <button
            type="button"
            className="button"
            onClick={() =>
              navigate({ screen: 'chains', instance: { catalog: job.catalog, instance }, selected: backupId })
            }
          >
            {say('jobs.show-backup', { id: backupId })}
          </button>
        )}
        <CancelButton job={job} />
      </div>
      <p className="quiet numbers">
        {dotted([
          formatTime(job.startedAt ?? job.createdAt, zone),
          seconds === undefined || !hasEnded(job) ? undefined : formatDuration(seconds),
          backupId,
          restoredTo(say, job, zone),
        ])}
      </p>
      <PhaseBar job={job} />
      {hasEnded(job) || job.progress === undefined ? null : (
        <section className="card stack">
          <div className="row">
            <strong>
              {say(`phase.${job.progress.phase}`)}
              {share === undefined ? '' : ` ${Math.floor(share * 100)} %`}
            </strong>
            <span className="quiet numbers">{progressWords(say, job).join(' · ')}</span>
          </div>
          <ProgressBar job={job} label={say(`phase.${job.progress.phase}`)} />
          <ul className="current-files">
            {job.progress.currentFiles.map((file) => (
              <li key={file} className="mono">
                {file}
              </li>
            ))}
          </ul>
        </section>
      )}
      {job.result === undefined ? null : <p className="result">{resultWords(say, job.result)}</p>}
      {job.result?.kind !== 'scratch' || instance === undefined ? null : (
        <div className="row">
          <button
            type="button"
            className="button primary"
            onClick={() => navigate({ screen: 'drill', instance: { catalog: job.catalog, instance } })}
          >
            {say('scratch.look')}
          </button>
        </div>
      )}
      {job.result?.kind === 'restore' ? <RestoreNext result={job.result} /> : null}
      {job.result?.kind === 'restore' && instance !== undefined ? (
        <RestoredServer
          instance={{ catalog: job.catalog, instance }}
          dataDirectory={job.result.dataDirectory}
          endLsn={job.result.replayEndLsn}
        />
      ) : null}
      {job.error === undefined ? null : <EngineErrorCard error={job.error} />}
      <UnfinishedRestore job={job} />
      {job.kind !== 'restore' ||
      job.error?.code !== 'backup.damaged' ||
      // What breaks off while files are written would again.
      job.phases.some(({ phase }) => phase === 'restore') ||
      instance === undefined ||
      backupId === undefined ? null : (
        <div className="row">
          <button
            type="button"
            className="button"
            onClick={() =>
              navigate({ screen: 'restore', instance: { catalog: job.catalog, instance }, backupId })
            }
          >
            {say('forced.instead')}
          </button>
        </div>
      )}
      <Findings job={job} />
      <JobLog id={job.id} total={job.logCount} isRunning={!hasEnded(job)} />
    </div>
  )
}

/** The phases so far, each as wide as it took. */
function PhaseBar({ job }: { readonly job: JobSnapshot }) {
  const { say } = useTexts()
  const nowMs = useNow(1000)
  if (job.phases.length === 0) return null
  const phases = job.phases.map((time) => ({
    phase: time.phase,
    isRunning: time.runningSince !== undefined,
    seconds: phaseMs(time, nowMs) / 1000,
  }))
  return (
    <ol className="phases" aria-label={say('jobs.phases')}>
      {phases.map(({ phase, isRunning, seconds }) => (
        <li
          key={phase}
          className={isRunning ? 'now' : 'over'}
          style={{ flexGrow: Math.max(0.5, Math.sqrt(seconds)) }}
        >
          <span>{say(`phase.${phase}`)}</span>
          <small>{seconds < 1 ? `< ${formatDuration(1)}` : formatDuration(seconds)}</small>
        </li>
      ))}
    </ol>
  )
}

function Findings({ job }: { readonly job: JobSnapshot }) {
  const { say } = useTexts()
  if (job.result?.kind !== 'validate' || job.result.findings.length === 0) return null
  const { findings } = job.result
  return (
    <section className="card">
      <h2>
        {say('findings.title')} ({findings.length})
      </h2>
      <table className="plain">
        <tbody>
          {findings.slice(0, MOST_FINDINGS).map(({ backupId, where, message, severity }, index) => (
            <tr key={`${backupId} ${where} ${index}`} className={severity}>
              <td className="mono">{backupId}</td>
              <td className="mono">{where}</td>
              <td>{message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
