import type { JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { leavesUnfinished } from './job-words.ts'

/** What a restore that broke off has left, and that it can be taken up again. */
export function UnfinishedRestore({ job }: { readonly job: JobSnapshot }) {
  const { say } = useTexts()
  const { catalog, instance, backupId } = job
  if (!leavesUnfinished(job) || instance === undefined) return null
  return (
    <section className="card stack" aria-label={say('unfinished.title')}>
      <h2>{say('unfinished.title')}</h2>
      <p>{say('unfinished.text')}</p>
      <div className="row">
        <button
          type="button"
          className="button"
          onClick={() =>
            navigate({
              screen: 'restore',
              instance: { catalog, instance },
              ...(backupId !== undefined && { backupId }),
            })
          }
        >
          {say('unfinished.again')}
        </button>
      </div>
    </section>
  )
}
