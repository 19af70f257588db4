import { useState } from 'react'
import { hasEnded, type JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce } from '../../lib/stores.ts'
import { Dialog } from '../../ui/parts.tsx'

/** *Stop…*: says what stopping does, then does it. Nothing for a job that has ended. */
export function CancelButton({ job }: { readonly job: JobSnapshot }) {
  const engine = useEngine()
  const { say } = useTexts()
  const [isAsking, setAsking] = useState(false)
  if (hasEnded(job)) return null
  const stop = (): void => {
    setAsking(false)
    engine['jobs.cancel']({ job: job.id }).catch((thrown: unknown) => announce(String(thrown)))
  }
  return (
    <>
      <button type="button" className="button small" onClick={() => setAsking(true)}>
        {say('jobs.cancel')}
      </button>
      {isAsking ? (
        <Dialog
          title={say('jobs.cancel-title')}
          closeLabel={say('common.close')}
          onClose={() => setAsking(false)}
          footer={
            <>
              <button type="button" className="button" data-first onClick={() => setAsking(false)}>
                {say('jobs.keep')}
              </button>
              <button type="button" className="button danger" onClick={stop}>
                {say('jobs.cancel-now')}
              </button>
            </>
          }
        >
          <p>{say(`jobs.cancel-${job.kind}`)}</p>
        </Dialog>
      ) : null}
    </>
  )
}
