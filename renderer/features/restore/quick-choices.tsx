import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { AccidentRecord, RestorePointRecord } from '../../../engine/api/contract/wal-index.ts'
import { formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { isoOfMs } from '../../lib/micro-time.ts'
import { useStore } from '../../lib/stores.ts'
import type { Lane } from '../../pictures/recovery-lanes.ts'
import type { Moment } from '../../pictures/recovery-timeline.tsx'
import { atPoint, endOf, justBefore, latestOf, type MomentChoice, namedByPeople } from './moment-choice.ts'

const DAY_MS = 86_400_000

/** Moments that people ask for, one click each. */
export function QuickChoices(props: {
  readonly lanes: readonly Lane[]
  readonly backups: readonly BackupRecord[]
  readonly accidents: readonly AccidentRecord[]
  readonly points: readonly RestorePointRecord[]
  readonly handle: Moment | undefined
  readonly baseId: string | undefined
  readonly onChoose: (choice: MomentChoice) => void
}) {
  const { lanes, backups, accidents, handle, baseId, onChoose } = props
  const points = namedByPeople(props.points)
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const latest = latestOf(lanes, baseId)
  const [accident] = accidents
  const usable = backups.filter(({ isRestorable }) => isRestorable)
  const dayBefore = (): MomentChoice => ({
    target: { kind: 'time', at: isoOfMs(Math.floor(Date.now()) - DAY_MS) },
    isInclusive: true,
    timeline: handle?.timeline,
    baseId,
    at: undefined,
  })
  return (
    <div className="row chips" role="group" aria-label={say('moment.quick')}>
      <button
        type="button"
        className="button small"
        disabled={latest === undefined}
        onClick={() => {
          if (latest !== undefined) onChoose(latest)
        }}
      >
        {say('moment.latest')}
      </button>
      <button
        type="button"
        className="button small"
        disabled={accident === undefined}
        onClick={() => {
          if (accident !== undefined) onChoose(justBefore(accident, baseId))
        }}
      >
        {say('moment.before-accident')}
      </button>
      <button type="button" className="button small" onClick={() => onChoose(dayBefore())}>
        {say('moment.yesterday')}
      </button>
      <select
        aria-label={say('moment.points')}
        disabled={points.length === 0}
        value=""
        onChange={(event) => {
          const point = points[Number(event.target.value)]
          if (point !== undefined) onChoose(atPoint(point, baseId))
        }}
      >
        <option value="">{say('moment.points')}</option>
        {points.map((point, index) => (
          <option key={`${point.timeline} ${point.lsn}`} value={index}>
            {point.name} · {formatTime(point.at, zone)}
          </option>
        ))}
      </select>
      <select
        aria-label={say('moment.backup-end')}
        disabled={usable.length === 0}
        value=""
        onChange={(event) => {
          if (event.target.value !== '') onChoose(endOf(event.target.value))
        }}
      >
        <option value="">{say('moment.backup-end')}</option>
        {usable.map(({ id, mode, recoveryTime }) => (
          <option key={id} value={id}>
            {mode} {id} · {formatTime(recoveryTime, zone)}
          </option>
        ))}
      </select>
    </div>
  )
}
