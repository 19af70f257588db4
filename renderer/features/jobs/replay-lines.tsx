import { useState } from 'react'
import type { RestoredRecord } from '../../../engine/api/contract/restored.ts'
import { dotted, formatBytes, formatDuration } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { type ReplaySample, replayProgress, withSample } from './replay-progress.ts'

/** A look at a restored server, and when it was, in milliseconds of a clock that only goes on. */
export type SeenServer = RestoredRecord & { readonly seenMs: number }

/** How fast a restored server replays, and how much is left; what was seen is forgotten when the screen is left. */
export function ReplayLine(props: { readonly restored: SeenServer; readonly endLsn: string | undefined }) {
  const { restored, endLsn } = props
  const { say } = useTexts()
  const [seen, setSeen] = useState<{
    readonly of: SeenServer
    readonly samples: readonly ReplaySample[]
  }>()
  const lsn = restored.server?.lsn
  if (seen?.of !== restored) {
    const samples = seen?.samples ?? []
    const next = lsn === undefined ? samples : withSample(samples, { ms: restored.seenMs, lsn })
    setSeen({ of: restored, samples: next })
  }
  const { bytesPerSecond, leftBytes, leftSeconds } = replayProgress(seen?.samples ?? [], endLsn)
  const text = dotted([
    bytesPerSecond === undefined ? undefined : say('jobs.rate', { rate: formatBytes(bytesPerSecond) }),
    leftBytes === undefined ? undefined : say('after.left', { bytes: formatBytes(leftBytes) }),
    leftSeconds === undefined
      ? undefined
      : say('jobs.eta-range', { text: `≈ ${formatDuration(leftSeconds)}` }),
  ])
  return text === '' ? null : <p className="quiet numbers">{text}</p>
}

/** Where the server says that it stopped, or why it gave up. */
export function LogLines({ log }: Pick<RestoredRecord, 'log'>) {
  const { say } = useTexts()
  if (log === undefined || (log.stop === undefined && log.serious.length === 0)) return null
  return (
    <>
      {log.stop === undefined ? null : (
        <p>
          {say('after.log-stop')}{' '}
          <span className="mono" lang="en">
            {log.stop}
          </span>
        </p>
      )}
      {log.serious.length === 0 ? null : (
        <div className="notice broken">
          <p className="status broken">✕ {say('after.log-serious')}</p>
          <ul className="plain-list mono" lang="en">
            {log.serious.map((line, index) => (
              <li key={`${index} ${line}`}>{line}</li>
            ))}
          </ul>
          <p className="quiet mono">{log.file}</p>
        </div>
      )}
    </>
  )
}
