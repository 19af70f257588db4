import type { ReactNode } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { MomentRecord } from '../../../engine/api/contract/recovery.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { formatBytes } from '../../lib/format.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { isoOfMs } from '../../lib/micro-time.ts'
import { useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import type { Moment } from '../../pictures/recovery-timeline.tsx'
import { type MomentChoice, nearChoice, type ReachableMoment } from './moment-choice.ts'
import { chainWords, lossWords, rangeWords, sayTime, segmentWords } from './moment-texts.ts'
import type { Verdict } from './use-verdict.ts'

/** The moment in one line and what it takes in one sentence; or why it cannot be, and what can instead. */
export function VerdictCard(props: {
  readonly instance: InstanceRef
  readonly choice: MomentChoice | undefined
  readonly verdict: Verdict
  readonly handle: Moment | undefined
  readonly backups: readonly BackupRecord[]
  readonly onChoose: (choice: MomentChoice) => void
  /** Offered where only reading the WAL tells. */
  readonly scan: ReactNode
}) {
  const { choice, verdict, onChoose } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { record, isPending, error } = verdict
  return (
    <div className={isPending ? 'verdict pending' : 'verdict'} aria-live="polite" aria-busy={isPending}>
      {error === undefined ? null : (
        <p className="status broken">
          ✕ {say('moment.malformed')}{' '}
          <span className="quiet" lang="en">
            {error.message}
          </span>
        </p>
      )}
      {error !== undefined || record === undefined || choice === undefined ? null : record.kind ===
        'reachable' ? (
        <Reachable {...props} choice={choice} moment={record} />
      ) : (
        <>
          <p className="status broken">✕ {saySentence(say, 'moment-reason', record.reason)}</p>
          {record.kind === 'unknown' ? (
            props.scan
          ) : (
            <Nearest record={record} zone={zone} onChoose={onChoose} />
          )}
        </>
      )}
    </div>
  )
}

function Nearest(props: {
  readonly record: Extract<MomentRecord, { readonly kind: 'unreachable' }>
  readonly zone: string
  readonly onChoose: (choice: MomentChoice) => void
}) {
  const { say } = useTexts()
  const { before, after } = props.record
  if (before === undefined && after === undefined) return null
  return (
    <div className="row">
      {[['before', before] as const, ['after', after] as const].map(([side, near]) =>
        near === undefined ? null : (
          <button
            key={side}
            type="button"
            className="button small"
            onClick={() => props.onChoose(nearChoice(near))}
          >
            {say(`moment.nearest-${side}`, {
              time: near.time === undefined ? near.lsn : sayTime(near.time, props.zone),
            })}
          </button>
        ),
      )}
    </div>
  )
}

function Reachable(props: {
  readonly instance: InstanceRef
  readonly choice: MomentChoice
  readonly moment: ReachableMoment
  readonly handle: Moment | undefined
  readonly backups: readonly BackupRecord[]
}) {
  const { instance, choice, moment, handle, backups } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const at = moment.time?.at ?? (handle && isoOfMs(handle.ms))
  const { timeline } = moment.position
  const near = useQuery(
    `near ${instance.catalog}\n${instance.instance}\n${at} ${timeline}`,
    async (signal) =>
      at === undefined ? undefined : engine['wal.nearest']({ ...instance, at, timeline }, { signal }),
  )
  const commits = near.kind === 'ready' ? near.value : undefined
  const { target, isInclusive } = choice
  const shown =
    target.kind === 'time'
      ? { at: (handle && isoOfMs(handle.ms)) ?? moment.time?.at, isExact: true }
      : moment.time
  const place =
    target.kind === 'xid'
      ? say(isInclusive ? 'moment.after-xid' : 'moment.before-xid', { xid: target.xid })
      : target.kind === 'name'
        ? say('moment.at-name', { name: target.name })
        : target.kind === 'latest'
          ? say('moment.at-latest')
          : target.kind === 'immediate'
            ? say('moment.at-end', { id: moment.chain.at(-1) ?? '' })
            : commits?.before === undefined || commits.before.xid === 0
              ? undefined
              : say('moment.after-xid', { xid: commits.before.xid })
  return (
    <>
      <p className="verdict-line">
        <strong>
          {shown?.at === undefined ? say('moment.no-time') : sayTime({ ...shown, at: shown.at }, zone)}
        </strong>
        {' · '}TLI {timeline}
        {place === undefined ? null : <> · {place}</>} · LSN{' '}
        <span className="mono">{moment.position.lsn}</span>
      </p>
      <p>
        {say(moment.segments.length === 0 ? 'moment.uses' : 'moment.uses-wal', {
          chain: chainWords(moment.chain, backups),
          segments: segmentWords(moment.segments),
          count: moment.segments.reduce((sum, { count }) => sum + count, 0),
          bytes: formatBytes(moment.replayBytes),
        })}{' '}
        {durationWords(say, moment)} <strong>{lossWords(say, moment.lost)}</strong>
      </p>
      {moment.remarks.length === 0 ? null : (
        <ul className="remarks">
          {moment.remarks.map((remark) => (
            <li key={remark} className="status look">
              ! {say(`moment.remark-${remark}`)}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** What it rests on is said with it; nothing is made up. */
function durationWords(
  say: ReturnType<typeof useTexts>['say'],
  { writeSeconds, replaySeconds }: ReachableMoment,
): string {
  if (writeSeconds === undefined) return say('moment.duration-unknown')
  if (replaySeconds === undefined) return say('moment.duration-write', { range: rangeWords(writeSeconds) })
  const range = { low: writeSeconds.low + replaySeconds.low, high: writeSeconds.high + replaySeconds.high }
  return say('moment.duration', { range: rangeWords(range) })
}
