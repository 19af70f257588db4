import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { errorLine } from '../../lib/error-texts.ts'
import { dotted, formatDuration, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Empty, Skeleton } from '../../ui/parts.tsx'
import { JobState } from './job-parts.tsx'
import { jobSeconds, restoredTo, resultWords } from './job-words.ts'
import './jobs.css'

/** Every job that this machine remembers: running first, then the newest. */
export function JobsScreen() {
  const engine = useEngine()
  const { say, language } = useTexts()
  const nowMs = useNow()
  const zone = useStore((store) => store.settings.timeZone)
  const live = useStore((store) => store.jobs)
  const list = useQuery('jobs', (signal) => engine['jobs.list']({}, { signal }))
  const known = list.kind === 'ready' ? list.value : list.kind === 'failed' ? list.last : undefined
  const jobs = (known ?? []).map((job) => live[job.id] ?? job)
  return (
    <div className="page">
      <h1>{say('jobs.title')}</h1>
      {list.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={8} /> : null}
      {list.kind === 'failed' ? <EngineErrorCard error={list.error} onRetry={list.refetch} /> : null}
      {known !== undefined && jobs.length === 0 ? <Empty title={say('jobs.empty')} /> : null}
      {jobs.length === 0 ? null : (
        <table className="plain jobs-table">
          <thead>
            <tr>
              <th scope="col">{say('jobs.kind')}</th>
              <th scope="col">{say('jobs.instance')}</th>
              <th scope="col">{say('jobs.state')}</th>
              <th scope="col">{say('jobs.started')}</th>
              <th scope="col">{say('jobs.duration')}</th>
              <th scope="col">{say('jobs.result')}</th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => {
              const seconds = jobSeconds(job, nowMs)
              return (
                <tr key={job.id}>
                  <td>
                    <button
                      type="button"
                      className="link"
                      onClick={() => navigate({ screen: 'job', job: job.id })}
                    >
                      {[job.mode, say(`kind.${job.kind}`), job.backupId]
                        .filter((word) => word !== undefined)
                        .join(' ')}
                    </button>
                  </td>
                  <td>{job.instance ?? job.catalog}</td>
                  <td>
                    <JobState job={job} />
                  </td>
                  <td className="numbers">{formatTime(job.startedAt ?? job.createdAt, zone)}</td>
                  <td className="numbers">{seconds === undefined ? '—' : formatDuration(seconds)}</td>
                  <td>
                    {job.result === undefined
                      ? job.error && errorLine(job.error, language)
                      : dotted([restoredTo(say, job, zone), resultWords(say, job.result)])}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </div>
  )
}
