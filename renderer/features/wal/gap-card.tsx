import type { RecoveryGapRecord } from '../../../engine/api/contract/recovery.ts'
import { formatBytes, formatDuration, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { byImpact, type GapImpact, impactSeconds } from './gap-order.ts'

const MOST_ROWS = 200

/** Called once for a row that becomes the chosen one. */
const showRow = (row: HTMLElement | null): void => row?.scrollIntoView({ block: 'nearest' })

/** What is missing, what that makes unreachable, and which backup ends it: the worst first. */
export function GapCard(props: {
  readonly gaps: readonly RecoveryGapRecord[]
  readonly strandedIds: readonly string[]
  readonly chosen: string | undefined
  readonly onChoose: (firstSegment: string) => void
}) {
  const { gaps, strandedIds, chosen, onChoose } = props
  const { say } = useTexts()
  const sorted = byImpact(gaps)
  const shown = sorted.slice(0, MOST_ROWS)
  const beyond = sorted.slice(MOST_ROWS).filter(({ firstSegment }) => firstSegment === chosen)
  return (
    <section className="card" aria-label={say('wal.gaps')} data-region>
      <h2>{say('wal.gaps')}</h2>
      {gaps.length === 0 ? <p className="quiet">✓ {say('wal.no-gaps')}</p> : null}
      {strandedIds.length === 0 ? null : (
        <p className="status look">
          ! {say('wal.stranded', { ids: strandedIds.slice(0, 5).join(', '), count: strandedIds.length })}
        </p>
      )}
      {gaps.length === 0 ? null : (
        <div className="wide-table" tabIndex={0} role="group" aria-label={say('wal.gaps')}>
          <table className="plain gaps">
            <thead>
              <tr>
                <th scope="col">{say('table.tli')}</th>
                <th scope="col">{say('wal.what')}</th>
                <th scope="col">{say('wal.segments')}</th>
                <th scope="col">{say('wal.impact')}</th>
              </tr>
            </thead>
            <tbody>
              {[...shown, ...beyond].map((gap) => {
                const isChosen = gap.firstSegment === chosen
                return (
                  <tr
                    key={`${gap.timeline} ${gap.firstSegment} ${gap.cause}`}
                    ref={isChosen ? showRow : undefined}
                    className={isChosen ? 'chosen' : undefined}
                    aria-current={isChosen ? 'true' : undefined}
                  >
                    <td>{gap.timeline}</td>
                    <td>
                      <span className="status broken">
                        <span aria-hidden="true">{MARKS[gap.cause]}</span> {say(`wal.cause-${gap.cause}`)}
                      </span>
                    </td>
                    <td>
                      <button
                        type="button"
                        className="mono segment-link"
                        onClick={() => onChoose(gap.firstSegment)}
                      >
                        {gap.firstSegment}
                        {gap.segmentCount > 1 ? <> – {gap.lastSegment.slice(8)}</> : null}
                      </button>
                      <small className="quiet">
                        {say('wal.gap-size', { count: gap.segmentCount, bytes: formatBytes(gap.bytes) })}
                      </small>
                    </td>
                    <td>
                      <Impacts gap={gap} />
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
      {sorted.length > MOST_ROWS ? (
        <p className="quiet">{say('wal.more-gaps', { count: sorted.length - MOST_ROWS })}</p>
      ) : null}
    </section>
  )
}

const MARKS = { missing: '▢', 'before-archive': '▢', damaged: '✕', foreign: '≠', truncated: '✂' } as const

function Impacts({ gap }: { readonly gap: RecoveryGapRecord }) {
  const { say } = useTexts()
  if (gap.impacts.length === 0) return <span className="quiet">{say('wal.impact-none')}</span>
  return (
    <ul className="plain-list">
      {gap.impacts.map((impact) => (
        <li key={`${impact.timeline} ${impact.from}`}>
          <Impact impact={impact} isOther={impact.timeline !== gap.timeline} />
        </li>
      ))}
    </ul>
  )
}

function Impact({ impact, isOther }: { readonly impact: GapImpact; readonly isOther: boolean }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { fromTime, toTime, healedBy, timeline } = impact
  const seconds = impactSeconds(impact)
  const isExact = fromTime?.isExact === true && toTime?.isExact === true
  const amount =
    seconds === undefined
      ? say('wal.impact-bytes', { bytes: formatBytes(impact.bytes) })
      : say('wal.impact-time', {
          time: `${isExact ? '' : '≈ '}${seconds < 1 ? `< ${formatDuration(1)}` : formatDuration(seconds)}`,
        })
  return (
    <>
      {amount}
      {isOther ? ` ${say('wal.impact-on', { timeline })}` : ''}
      {healedBy === undefined ? (
        <span className="status broken unhealed">{say('wal.not-healed')}</span>
      ) : (
        <> {say('wal.healed', { id: healedBy })}</>
      )}
      {seconds === undefined ? null : (
        <small className="quiet numbers impact-times">
          {formatTime(fromTime?.at, zone)} – {formatTime(toTime?.at, zone)}
        </small>
      )}
    </>
  )
}
