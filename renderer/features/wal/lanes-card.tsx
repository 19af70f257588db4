import type { RecoveryGapRecord } from '../../../engine/api/contract/recovery.ts'
import type { WalArchiveRecord } from '../../../engine/api/contract/wal.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { walSegmentStart } from '../../../engine/base/wal-segment.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { laneCoverage, type WalLane, walLanes } from '../../pictures/wal-bins.ts'
import { WalLanes } from '../../pictures/wal-lanes.tsx'
import { useAsTable } from './use-as-table.tsx'

const MOST_PROBLEMS = 20

/** What the archive has of each timeline: a picture, or the same as a table. */
export function LanesCard(props: {
  readonly record: WalArchiveRecord
  readonly gaps: readonly RecoveryGapRecord[]
  readonly chosen: string | undefined
  readonly onChoose: (firstSegment: string) => void
}) {
  const { record, gaps, chosen, onChoose } = props
  const { say } = useTexts()
  const { isTable, button, onKey } = useAsTable()
  const lanes = walLanes(record.timelines, record.segmentBytes, gaps)
  const holes = lanes.reduce((sum, lane) => sum + lane.holes.length, 0)
  const sizeBytes = record.timelines.reduce((sum, one) => sum + one.sizeBytes, 0)
  const segments = record.timelines.reduce((sum, one) => sum + one.segmentCount, 0)
  const summary = say('wal.summary', {
    count: lanes.length,
    segments,
    bytes: formatBytes(sizeBytes),
    holes,
  })
  const extents = lanes.flatMap(({ extent }) => (extent === undefined ? [] : [extent]))
  const lsnOf = (segment: number): string => formatLsn(walSegmentStart(BigInt(segment), record.segmentBytes))
  return (
    <section className="card" aria-label={say('wal.lanes')} data-region onKeyDown={onKey}>
      <div className="row">
        <h2>{say('wal.lanes')}</h2>
        <span className="quiet grow">{summary}</span>
        {button}
      </div>
      <p className="quiet mono">{record.directory}</p>
      {isTable ? (
        <LaneTable record={record} lanes={lanes} />
      ) : (
        <WalLanes
          lanes={lanes}
          chosen={chosen}
          onChoose={({ firstSegment }) => onChoose(firstSegment)}
          texts={{
            label: `${say('wal.lanes')}. ${summary}`,
            ends:
              extents.length === 0
                ? ['', '']
                : [
                    lsnOf(Math.min(...extents.map(({ first }) => first))),
                    lsnOf(Math.max(...extents.map(({ last }) => last)) + 1),
                  ],
            lane: (lane) => ({
              title: say('wal.tli', { timeline: lane.timeline }),
              line: `${percentOf(lane)} · ${formatBytes(lane.sizeBytes)}`,
            }),
            notch: (lane, { holes: all }) => {
              const [first] = all
              return say('wal.notch', {
                timeline: lane.timeline,
                cause: say(`wal.cause-${first?.cause ?? 'missing'}`),
                first: first?.firstSegment ?? '',
                last: all.at(-1)?.lastSegment ?? '',
                count: all.length,
              })
            },
          }}
        />
      )}
      {isTable || holes === 0 ? null : <p className="quiet">{say('wal.legend')}</p>}
      {record.problems.length === 0 ? null : (
        <details>
          <summary>{say('wal.problems', { count: record.problems.length })}</summary>
          <ul>
            {record.problems.slice(0, MOST_PROBLEMS).map(({ name, message }) => (
              <li key={name}>
                <span className="mono">{name}</span> {message}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function LaneTable({
  record,
  lanes,
}: {
  readonly record: WalArchiveRecord
  readonly lanes: readonly WalLane[]
}) {
  const { say } = useTexts()
  return (
    <div className="wide-table" tabIndex={0} role="group" aria-label={say('wal.lanes')}>
      <table className="plain numbers">
        <thead>
          <tr>
            <th scope="col">{say('table.tli')}</th>
            <th scope="col">{say('wal.parent')}</th>
            <th scope="col">{say('wal.first-segment')}</th>
            <th scope="col">{say('wal.last-segment')}</th>
            <th scope="col">{say('wal.segments')}</th>
            <th scope="col">{say('wal.covered')}</th>
            <th scope="col">{say('wal.holes')}</th>
            <th scope="col">{say('wal.size')}</th>
            <th scope="col">{say('wal.unfinished')}</th>
          </tr>
        </thead>
        <tbody>
          {lanes.map((lane) => {
            const one = record.timelines.find(({ timeline }) => timeline === lane.timeline)
            return (
              <tr key={lane.timeline}>
                <td>{lane.timeline}</td>
                <td>{lane.parent ?? '—'}</td>
                <td className="mono">{one?.segments?.begin ?? '—'}</td>
                <td className="mono">{one?.segments?.end ?? '—'}</td>
                <td>{one?.segmentCount}</td>
                <td>{percentOf(lane)}</td>
                <td>{lane.holes.length}</td>
                <td>{formatBytes(lane.sizeBytes)}</td>
                <td>{(one?.partialCount ?? 0) + (one?.temporaryCount ?? 0)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** Never 100 % while something is missing. */
export function percentOf(lane: WalLane): string {
  const { have, want } = laneCoverage(lane)
  if (want === 0) return '—'
  return `${have === want ? 100 : Math.min(99.9, Math.floor((have / want) * 1000) / 10)} %`
}
