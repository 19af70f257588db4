import { hasEnded } from '../../../engine/api/contract/jobs.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { CancelButton } from './cancel-button.tsx'
import { ProgressBar } from './job-parts.tsx'
import { doneShare, jobTitle, progressWords } from './job-words.ts'
import './jobs.css'

const MOST_SHOWN = 3

/** The jobs that run now, below every screen. */
export function Dock() {
  const { say } = useTexts()
  const all = useStore((store) => store.jobs)
  const running = Object.values(all).filter((job) => !hasEnded(job))
  return (
    <section className="dock" aria-label={say('jobs.dock')} data-region tabIndex={-1}>
      {running.length === 0 ? <p className="quiet">{say('jobs.dock-empty')}</p> : null}
      {running.slice(0, MOST_SHOWN).map((job) => {
        const share = doneShare(job)
        const phase = job.progress === undefined ? say('state.queued') : say(`phase.${job.progress.phase}`)
        return (
          <div key={job.id} className="dock-job">
            <strong>{jobTitle(say, job)}</strong>
            <span>
              {phase}
              {share === undefined ? '' : ` ${Math.floor(share * 100)} %`}
            </span>
            <ProgressBar job={job} label={jobTitle(say, job)} />
            <span className="quiet numbers">{progressWords(say, job).join(' · ')}</span>
            <span className="row end">
              <button
                type="button"
                className="button small"
                onClick={() => navigate({ screen: 'job', job: job.id })}
              >
                {say('jobs.details')}
              </button>
              <CancelButton job={job} />
            </span>
          </div>
        )
      })}
      {running.length > MOST_SHOWN ? (
        <button type="button" className="button small" onClick={() => navigate({ screen: 'jobs' })}>
          {say('jobs.more', { count: running.length - MOST_SHOWN })}
        </button>
      ) : null}
    </section>
  )
}
