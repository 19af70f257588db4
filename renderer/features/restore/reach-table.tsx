import type { RecoveryWindowRecord, WalTime } from '../../../engine/api/contract/recovery.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { msOfIso } from '../../lib/micro-time.ts'
import { useStore } from '../../lib/stores.ts'
import type { DrillMark } from '../../pictures/recovery-lanes.ts'
import { segmentWords, sayTime } from './moment-texts.ts'

/** The place at an end of a row. */
export type RowEnd = { readonly timeline: number; readonly lsn: string; readonly time: WalTime | undefined }

/** The picture as a table: what can be reached in rows, either end of which can be chosen, and what is missing. */
export function ReachTable(props: {
  readonly window: RecoveryWindowRecord
  /** Restore tests, the newest first. */
  readonly drills: readonly DrillMark[]
  readonly onZoneEnd: (end: RowEnd, isLast: boolean) => void
  readonly onPoint: (backupId: string) => void
}) {
  const { window, drills, onZoneEnd, onPoint } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const rows = window.lanes.flatMap(({ timeline, zones, points }) => [
    ...zones.map((one) => ({ timeline, zone: one, point: undefined, lsn: one.from })),
    ...points.map((one) => ({ timeline, zone: undefined, point: one, lsn: one.lsn })),
  ])
  const end = (to: RowEnd, isLast: boolean) => (
    <button type="button" className="link numbers" onClick={() => onZoneEnd(to, isLast)}>
      {to.time === undefined ? to.lsn : sayTime(to.time, zone)}
    </button>
  )
  return (
    <div className="reach-table" data-twin>
      <table className="plain">
        <caption>{say('reach.caption')}</caption>
        <thead>
          <tr>
            <th scope="col">{say('reach.from')}</th>
            <th scope="col">{say('reach.to')}</th>
            <th scope="col">TLI</th>
            <th scope="col">{say('reach.base')}</th>
            <th scope="col">WAL</th>
            <th scope="col">{say('reach.times')}</th>
            <th scope="col">{say('reach.ends')}</th>
            <th scope="col">{say('drill.column')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ timeline, zone: one, point, lsn }) =>
            point === undefined ? (
              <tr key={`${timeline} ${lsn}`}>
                <td>{end({ timeline, lsn: one.from, time: one.fromTime }, false)}</td>
                <td>{end({ timeline, lsn: one.to, time: one.toTime }, true)}</td>
                <td>{timeline}</td>
                <td className="mono">
                  {one.baseId}
                  {one.baseCount > 1 ? ` +${one.baseCount - 1}` : ''}
                </td>
                <td>{formatBytes(one.bytes)}</td>
                <td>
                  {say(
                    one.fromTime?.isExact === true && one.toTime?.isExact === true
                      ? 'reach.exact'
                      : 'reach.estimated',
                  )}
                </td>
                <td>{say(`reach.${one.endsBy}`)}</td>
                <td>{drillCell(drills.find((drill) => isInZone(drill, timeline, one)))}</td>
              </tr>
            ) : (
              <tr key={`${timeline} ${lsn} point`}>
                <td colSpan={2}>
                  <button type="button" className="link numbers" onClick={() => onPoint(point.backupId)}>
                    {point.time === undefined ? point.lsn : sayTime(point.time, zone)}
                  </button>
                </td>
                <td>{timeline}</td>
                <td className="mono">{point.backupId}</td>
                <td>—</td>
                <td>{say(point.time?.isExact === true ? 'reach.exact' : 'reach.estimated')}</td>
                <td>{say('reach.point')}</td>
                <td>{drillCell(drills.find(({ backupId }) => backupId === point.backupId))}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
      {window.gaps.length === 0 ? null : (
        <table className="plain">
          <caption>{say('reach.gaps')}</caption>
          <thead>
            <tr>
              <th scope="col">{say('reach.from')}</th>
              <th scope="col">{say('reach.to')}</th>
              <th scope="col">TLI</th>
              <th scope="col">{say('reach.segments')}</th>
              <th scope="col">{say('reach.healed')}</th>
            </tr>
          </thead>
          <tbody>
            {window.gaps.map((gap) => (
              <tr key={`${gap.timeline} ${gap.firstSegment}`}>
                <td className="numbers">
                  {gap.fromTime === undefined ? gap.from : sayTime(gap.fromTime, zone)}
                </td>
                <td className="numbers">{gap.toTime === undefined ? gap.to : sayTime(gap.toTime, zone)}</td>
                <td>{gap.timeline}</td>
                <td>
                  {say(`moment.gap-${gap.cause}`, {
                    count: gap.segmentCount,
                    names: segmentWords([
                      { first: gap.firstSegment, last: gap.lastSegment, count: gap.segmentCount },
                    ]),
                  })}
                </td>
                <td className="mono">
                  {gap.impacts.flatMap(({ healedBy }) => healedBy ?? []).join(' ') || '—'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

type ZoneRow = RecoveryWindowRecord['lanes'][number]['zones'][number]

function isInZone(drill: DrillMark, timeline: number, { fromTime, toTime }: ZoneRow): boolean {
  if (drill.timeline !== timeline || fromTime === undefined || toTime === undefined) return false
  return msOfIso(fromTime.at) <= drill.ms && drill.ms <= msOfIso(toTime.at)
}

function drillCell(drill: DrillMark | undefined) {
  if (drill === undefined) return '—'
  return (
    <span className={drill.isPassed ? 'drill-badge passed' : 'drill-badge failed'}>
      <span aria-hidden="true">{drill.isPassed ? '✓' : '✕'} </span>
      {drill.text}
    </span>
  )
}
