import { useMemo, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { useQuery } from '../../lib/use-query.ts'
import { ChainRibbons } from '../../pictures/chain-ribbons.tsx'
import { Empty, Skeleton } from '../../ui/parts.tsx'
import { fitsFilter } from './backup-filter.ts'
import { BackupTable } from './backup-table.tsx'
import { Inspector } from './inspector.tsx'
import { ribbonTexts, toChainBackup } from './ribbon-texts.ts'
import './chains.css'

/** Chains of one instance: the picture above, its twin as a tree below, what is selected beside them. One selection for all. */
export function ChainsScreen(props: {
  readonly instance: InstanceRef
  readonly selected: string | undefined
  readonly onBackUp: () => void
}) {
  const { instance } = props
  const engine = useEngine()
  const { say } = useTexts()
  const list = useQuery(`chains ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['backups.list'](instance, { signal }),
  )
  if (list.kind === 'loading')
    return (
      <div className="chains">
        <Skeleton label={say('common.loading')} lines={8} />
      </div>
    )
  if (list.kind === 'failed' && list.last === undefined) {
    return (
      <div className="chains">
        <EngineErrorCard error={list.error} onRetry={list.refetch} />
      </div>
    )
  }
  const { backups } = list.kind === 'ready' ? list.value : (list.last ?? { backups: [] })
  if (backups.length === 0) {
    return (
      <Empty title={say('chains.empty')} text={say('chains.empty-text')}>
        <button type="button" className="button primary" onClick={props.onBackUp}>
          {say('backup.now')}
        </button>
      </Empty>
    )
  }
  return <Full instance={instance} backups={backups} initial={props.selected} />
}

function Full(props: {
  readonly instance: InstanceRef
  readonly backups: readonly BackupRecord[]
  readonly initial: string | undefined
}) {
  const { instance, backups } = props
  const engine = useEngine()
  const { say, language } = useTexts()
  const nowMs = useNow()
  const zone = useStore((store) => store.settings.timeZone)
  const jobs = useStore((store) => store.jobs)
  const [selected, setSelected] = useState(props.initial ?? backups[0]?.id)
  const [filter, setFilter] = useState('')
  const shown = useMemo(
    () => (filter === '' ? backups : backups.filter((backup) => fitsFilter(backup, filter))),
    [backups, filter],
  )
  const drawn = useMemo(() => shown.map(toChainBackup), [shown])
  const backup = backups.find(({ id }) => id === selected)
  const texts = useMemo(() => {
    const percentOf = (id: string): number | undefined => {
      const job = Object.values(jobs).find(
        (one) => one.kind === 'backup' && one.backupId === id && one.state === 'running',
      )
      const { doneBytes = 0, totalBytes } = job?.progress ?? {}
      return totalBytes === undefined || totalBytes === 0
        ? undefined
        : Math.floor((doneBytes / totalBytes) * 100)
    }
    return ribbonTexts(say, zone, language, drawn, percentOf)
  }, [say, zone, language, drawn, jobs])
  const onKey = (key: string, id: string): void => {
    if (key === 'r') navigate({ screen: 'restore', instance, backupId: id })
    else if (key === 'v') {
      void engine['backups.validate']({ ...instance, id, threads: 2 }).then(
        ({ job }) => navigate({ screen: 'job', job }),
        (thrown: unknown) => announce(String(thrown)),
      )
    } else if (key === 'c') void navigator.clipboard.writeText(id).then(() => announce(say('common.copied')))
  }
  return (
    <div className="chains-layout">
      <div className="chains">
        <section className="card picture" data-region>
          <ChainRibbons
            backups={drawn}
            nowMs={nowMs}
            selectedId={selected}
            onSelect={setSelected}
            texts={texts}
          />
        </section>
        <div className="row">
          <input
            type="search"
            className="filter"
            aria-label={say('chains.filter')}
            placeholder={say('chains.filter-hint')}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <span className="quiet">{say('chains.shown', { shown: shown.length, total: backups.length })}</span>
        </div>
        <BackupTable backups={shown} selectedId={selected} onSelect={setSelected} onKey={onKey} />
      </div>
      {backup === undefined ? (
        <aside className="inspector" aria-label={say('inspector.name')}>
          <p className="quiet">{say('inspector.none')}</p>
        </aside>
      ) : (
        <Inspector instance={instance} backup={backup} family={familyOf(backups, backup)} />
      )}
    </div>
  )
}

/** The backups that hang on the same FULL, oldest first; one that lost it stands alone. */
function familyOf(backups: readonly BackupRecord[], backup: BackupRecord): readonly BackupRecord[] {
  if (backup.fullId === undefined) return [backup]
  return backups.filter(({ fullId }) => fullId === backup.fullId).toReversed()
}
