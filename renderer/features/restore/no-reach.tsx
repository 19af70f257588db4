import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { Empty } from '../../ui/parts.tsx'
import type { RecoveryFacts } from './use-recovery.ts'

/** Only ends of backups can be restored, and where that can be changed. */
export function NoArchive({ instance, count }: { readonly instance: InstanceRef; readonly count: number }) {
  const { say } = useTexts()
  return (
    <div className="notice">
      <div className="row">
        <span className="grow">{say('moment.only-points', { count })}</span>
        <button type="button" className="button small" onClick={() => navigate({ screen: 'wal', instance })}>
          {say('moment.set-up')}
        </button>
      </div>
    </div>
  )
}

/** Nothing can be restored: every backup, and what is wrong with it. */
export function NothingReachable({
  instance,
  facts,
}: {
  readonly instance: InstanceRef
  readonly facts: RecoveryFacts
}) {
  const { say } = useTexts()
  const stranded = new Set(facts.window.strandedIds)
  const bad = facts.backups.slice(0, MOST_CAUSES)
  return (
    <Empty
      title={say('moment.nothing')}
      text={say(facts.backups.length === 0 ? 'moment.no-backup' : 'moment.no-valid-backup')}
    >
      {bad.length === 0 ? null : (
        <ul className="plain-list causes">
          {bad.map(({ id, mode, status }) => (
            <li key={id}>
              <span className="mono">{id}</span> {mode} {stranded.has(id) ? say('moment.stranded') : status}
            </li>
          ))}
        </ul>
      )}
      <button type="button" className="button" onClick={() => navigate({ screen: 'chains', instance })}>
        {say('restore.go-back')}
      </button>
    </Empty>
  )
}

const MOST_CAUSES = 8
