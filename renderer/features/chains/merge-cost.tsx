import type { MergeEstimate } from '../../../engine/api/contract/backups.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { sayBases, sayBytes, saySeconds } from '../../lib/estimate-texts.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import type { Query } from '../../lib/use-query.ts'

/** The room that a merge needs in between, what is free, how long it may take, and on what that rests. */
export function MergeCost({ estimate }: { readonly estimate: Query<MergeEstimate> }) {
  const { say } = useTexts()
  if (estimate.kind === 'loading') return <p className="quiet">{say('merge-cost.asking')}</p>
  if (estimate.kind === 'failed') return <EngineErrorCard error={estimate.error} onRetry={estimate.refetch} />
  const { neededBytes, freeBytes, room, seconds } = estimate.value
  return (
    <>
      <dl className="facts merge-cost">
        <dt>{say('merge-cost.room')}</dt>
        <dd>
          {say(freeBytes === undefined ? 'merge-cost.room-blind' : 'merge-cost.room-text', {
            needed: sayBytes(say, neededBytes),
            free: formatBytes(freeBytes),
          })}
          {sayBases(say, neededBytes).map((basis) => (
            <div key={basis} className="quiet">
              {basis}
            </div>
          ))}
        </dd>
        <dt>{say('merge-cost.time')}</dt>
        <dd>
          {saySeconds(say, seconds)}
          {(seconds.kind === 'unknown' ? [say('merge-cost.no-merge')] : sayBases(say, seconds)).map(
            (basis) => (
              <div key={basis} className="quiet">
                {basis}
              </div>
            ),
          )}
        </dd>
      </dl>
      {room === 'close' ? <p className="status look">⚠ {say('merge-cost.close')}</p> : null}
      {room === 'short' ? <p className="status broken">✕ {say('merge-cost.short')}</p> : null}
    </>
  )
}
