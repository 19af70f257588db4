import { useState } from 'react'
import type { RecoveryWindowRecord } from '../../../engine/api/contract/recovery.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { WalArchiveRecord } from '../../../engine/api/contract/wal.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { useQuery } from '../../lib/use-query.ts'
import { useReceiver } from '../../lib/use-receiver.ts'
import { Skeleton } from '../../ui/parts.tsx'
import { ArchivingPanel } from './archiving-panel.tsx'
import { GapCard } from './gap-card.tsx'
import { IndexCard } from './index-card.tsx'
import { LagCard } from './lag-card.tsx'
import { LanesCard } from './lanes-card.tsx'
import { ReceiverPanel } from './receiver-panel.tsx'
import { SlotsCard } from './slots-card.tsx'
import { VolumeCard } from './volume-card.tsx'
import './wal.css'

/** The WAL of one instance: what the archive has, what is missing and what that costs, and how WAL gets there. */
export function WalScreen({ instance }: { readonly instance: InstanceRef }) {
  const engine = useEngine()
  const { say } = useTexts()
  const key = `${instance.catalog}\n${instance.instance}`
  const receiver = useReceiver(instance)
  const segmentCount = receiver.kind === 'ready' ? receiver.value.segmentCount : 0
  // Whatever the receiver completes is in the archive; nobody else tells of it.
  const archive = useQuery(`wal ${key} ${segmentCount}`, async (signal) => {
    const [record, reach] = await Promise.all([
      engine['wal.archive'](instance, { signal }),
      engine['recovery.window'](instance, { signal }),
    ])
    return { record, reach }
  })
  const [seen, setSeen] = useState<Seen | undefined>(undefined)
  if (archive.kind === 'ready' && archive.value !== seen) setSeen(archive.value)
  const setup = useQuery(`wal setup ${key}`, (signal) => engine['wal.setup'](instance, { signal }))
  const known = archive.kind === 'ready' ? archive.value : archive.kind === 'failed' ? archive.last : seen
  if (known === undefined) {
    return (
      <div className="page wal">
        {archive.kind === 'failed' ? (
          <EngineErrorCard error={archive.error} onRetry={archive.refetch} />
        ) : (
          <Skeleton label={say('common.loading')} lines={8} />
        )}
      </div>
    )
  }
  const isEmpty = known.record.timelines.length === 0
  const ways = (
    <div className="wal-ways">
      <ArchivingPanel
        instance={instance}
        setup={setup}
        isFirst={isEmpty}
        isSpare={!isEmpty && isReceiving(receiver)}
        onChanged={archive.refetch}
      />
      <ReceiverPanel instance={instance} receiver={receiver} setup={setup} isFirst={isEmpty} />
    </div>
  )
  return (
    <div className="page wal">
      {archive.kind === 'failed' ? <EngineErrorCard error={archive.error} onRetry={archive.refetch} /> : null}
      {isEmpty ? (
        <>
          <header className="wal-empty">
            <h2>{say('wal.empty')}</h2>
            <p>{say('wal.empty-text')}</p>
          </header>
          {ways}
        </>
      ) : (
        <>
          <Held instance={instance} record={known.record} reach={known.reach} receiver={receiver} />
          {ways}
        </>
      )}
      <SlotsCard instance={instance} />
    </div>
  )
}

type Seen = { readonly record: WalArchiveRecord; readonly reach: RecoveryWindowRecord }

/** What the archive has. The hole that is chosen in the picture is the one that the list shows, and the other way round. */
function Held(
  props: Seen & { readonly instance: InstanceRef; readonly receiver: ReturnType<typeof useReceiver> },
) {
  const { instance, record, reach, receiver } = props
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  return (
    <>
      <LanesCard record={record} gaps={reach.gaps} chosen={chosen} onChoose={setChosen} />
      <div className="wal-figures">
        <LagCard instance={instance} record={record} receiver={receiver} />
        <VolumeCard instance={instance} />
        <IndexCard instance={instance} />
      </div>
      <GapCard gaps={reach.gaps} strandedIds={reach.strandedIds} chosen={chosen} onChoose={setChosen} />
    </>
  )
}

/** Another way into the archive works already. */
function isReceiving(receiver: ReturnType<typeof useReceiver>): boolean {
  return receiver.kind === 'ready' && receiver.value.phase !== 'off' && receiver.value.phase !== 'failed'
}
