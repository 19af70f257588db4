import { useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { CopyText, Empty, Skeleton } from '../../ui/parts.tsx'
import type { RecoveryFacts } from './use-recovery.ts'

/** Only ends of backups can be restored, and what would change that. */
export function NoArchive({ instance, count }: { readonly instance: InstanceRef; readonly count: number }) {
  const { say } = useTexts()
  const [isOpen, setOpen] = useState(false)
  return (
    <div className="notice">
      <div className="row">
        <span className="grow">{say('moment.only-points', { count })}</span>
        <button
          type="button"
          className="button small"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {say('moment.set-up')}
        </button>
      </div>
      {isOpen ? <SetUp instance={instance} /> : null}
    </div>
  )
}

function SetUp({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const setup = useQuery(`wal setup ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['wal.setup'](instance, { signal }),
  )
  if (setup.kind === 'loading') return <Skeleton label={say('common.loading')} lines={2} />
  if (setup.kind === 'failed') return <EngineErrorCard error={setup.error} onRetry={setup.refetch} />
  const { sql } = setup.value.command
  return sql === '' ? (
    <p className="quiet">{say('moment.set-up-done')}</p>
  ) : (
    <CopyText text={sql} label={say('common.copy')} doneLabel={say('common.copied')} />
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
