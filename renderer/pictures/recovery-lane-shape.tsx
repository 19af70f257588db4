import { widthOf } from './fit-text.ts'
import { markWidths } from './mark-widths.ts'
import type { Interval } from './recovery-reach.ts'
import {
  type DrillMark,
  type Lane,
  type LaneBackup,
  type LaneGap,
  type LanePlace,
  switchCurve,
  withoutOverlaps,
} from './recovery-lanes.ts'

/** What a lane says, in the language that is set. */
export type LaneTexts = {
  readonly lane: (lane: Lane) => { readonly title: string; readonly line: string }
  readonly gap: (gap: LaneGap) => string
  readonly bare: string
  readonly left: (lane: Lane) => string
  readonly tail: (lagMs: number) => string
  readonly switched: (lane: Lane) => string
  readonly backup: (backup: LaneBackup) => string
}

const SMALL_PX = 11
/** Shorter ones could not be seen. */
const LEAST_PX = 3
const ABOUT_PX = 13
const DRILL_PX = 12
const TEXT_ROOM_PX = 10
export const LANE_CLIP = 'recovery-plot'

/** One timeline: what can be reached, what is missing, its backups, and where it comes from. */
export function LaneShape(props: {
  readonly place: LanePlace
  readonly parent: LanePlace | undefined
  readonly isChosen: boolean
  /** Of this lane, the newest first. */
  readonly drills: readonly DrillMark[]
  /** The one whose text is written out. */
  readonly namedDrill: string | undefined
  readonly tail: Interval | undefined
  readonly nowMs: number
  readonly toX: (ms: number) => number
  readonly left: number
  readonly right: number
  readonly texts: LaneTexts
}) {
  const { place, parent, isChosen, drills, tail, nowMs, toX, left, right, texts } = props
  const { lane, top, bottom } = place
  const height = bottom - top
  const { title, line } = texts.lane(lane)
  const box = ({ fromMs, toMs }: Interval) => {
    const x = toX(fromMs)
    return { x, y: top, width: Math.max(LEAST_PX, toX(toMs) - x), height }
  }
  /** What of it can be seen: texts are written there. */
  const seen = (one: Interval) => {
    const x = Math.max(left, toX(one.fromMs))
    return { x, width: Math.min(right, toX(one.toMs)) - x }
  }
  const last = lane.zones.at(-1)
  const isLeft = last?.endsBy === 'timeline-left' && !lane.gaps.some(({ fromMs }) => fromMs >= last.toMs)
  const switchX = lane.switchMs === undefined ? undefined : toX(lane.switchMs)
  const tailText =
    tail === undefined || toX(tail.fromMs) > right ? undefined : texts.tail(nowMs - tail.fromMs)
  const tailX = tail === undefined ? 0 : toX(tail.fromMs) - 8
  // What stands above the tail keeps its place; texts of gaps end before it.
  const most = tailText === undefined ? right : tailX - widthOf(tailText, SMALL_PX) - TEXT_ROOM_PX
  const gapTexts = withoutOverlaps(
    lane.gaps.flatMap((gap) => {
      if (seen(gap).width < 0) return []
      const text = texts.gap(gap)
      const width = widthOf(text, SMALL_PX)
      const x = seen(gap).x >= tailX ? seen(gap).x : Math.min(seen(gap).x, most - width)
      return [{ x: Math.min(x, right - width), width, text, gap }]
    }),
    TEXT_ROOM_PX,
  )
  const widths = backupWidths(lane.backups, toX)
  return (
    <g className={isChosen ? 'lane chosen' : 'lane'} aria-hidden="true">
      <text className="lane-title" x={0} y={top + 12}>
        {title}
      </text>
      <text className="lane-line" x={0} y={top + 28}>
        {line}
      </text>
      <g clipPath={`url(#${LANE_CLIP})`}>
        {lane.bare.map((one) => (
          <g key={one.fromMs}>
            <rect className="bare" {...box(one)} />
            {seen(one).width < widthOf(texts.bare, SMALL_PX) + 8 ? null : (
              <text className="note" x={seen(one).x + seen(one).width / 2} y={top + 17} textAnchor="middle">
                {texts.bare}
              </text>
            )}
          </g>
        ))}
        {lane.zones.map((zone) => (
          <rect key={zone.fromLsn} className={zone.isExact ? 'zone' : 'zone estimated'} {...box(zone)} />
        ))}
        {lane.gaps.map((gap) => (
          <rect key={gap.firstSegment} className="gap" {...box(gap)} />
        ))}
        {tail === undefined ? null : <rect className="tail" {...box(tail)} />}
        {lane.points.map(({ ms, id }) => (
          <circle key={id} className="point" cx={toX(ms)} cy={(top + bottom) / 2} r={6} />
        ))}
        {lane.backups.map((backup) => (
          <rect
            key={backup.id}
            className={backup.isUsable ? 'backup' : 'backup unusable'}
            x={toX(backup.ms) - (widths.get(backup.id) ?? 0) / 2}
            y={backup.isFull ? top - 4 : top + 3}
            width={widths.get(backup.id)}
            height={backup.isFull ? height + 8 : height - 6}
            rx={Math.min(1.5, (widths.get(backup.id) ?? 0) / 3)}
          >
            <title>{texts.backup(backup)}</title>
          </rect>
        ))}
        {lane.zones.map((zone) => {
          const { x, width } = seen(zone)
          const free = [x + width - 12, x + width / 2, x + 14].find((at) =>
            lane.backups.every(({ ms }) => Math.abs(toX(ms) - at) > ABOUT_PX),
          )
          return zone.isExact || width < 40 || free === undefined ? null : (
            <text key={zone.fromLsn} className="about" x={free} y={top + 18} textAnchor="middle">
              ≈
            </text>
          )
        })}
        {drills.map((drill) => (
          <DrillSign
            key={drill.id}
            drill={drill}
            isNamed={drill.id === props.namedDrill}
            x={toX(drill.ms)}
            y={bottom + DRILL_PX}
            right={right}
          />
        ))}
        {gapTexts.map(({ x, text, gap }) => (
          <text key={gap.firstSegment} className="gap-text" x={x} y={top - 8}>
            {text}
          </text>
        ))}
        {isLeft ? (
          <text className="note" x={toX(last.toMs) + 6} y={top + 17}>
            {texts.left(lane)}
          </text>
        ) : null}
        {tailText === undefined ? null : (
          <text className="tail-text" x={tailX} y={top - 8} textAnchor="end">
            {tailText}
          </text>
        )}
        {parent === undefined || switchX === undefined ? null : (
          <g>
            <path className="switch" d={switchCurve(parent, place, switchX)} />
            <circle className="switch-dot" cx={switchX} cy={parent.bottom} r={4} />
            <text
              className="switch-text"
              x={switchX < 320 ? switchX + 14 : switchX - 8}
              y={(parent.bottom + top) / 2 + 4}
              textAnchor={switchX < 320 ? 'start' : 'end'}
            >
              {texts.switched(lane)}
            </text>
          </g>
        )}
      </g>
    </g>
  )
}

/** How wide each backup is drawn: a FULL by what is near of other FULLs, an increment by all that is near. */
function backupWidths(
  backups: readonly LaneBackup[],
  toX: (ms: number) => number,
): ReadonlyMap<string, number> {
  const fulls = backups.filter(({ isFull }) => isFull)
  const placesOf = (of: readonly LaneBackup[]): readonly number[] => of.map(({ ms }) => toX(ms))
  const increments = markWidths(placesOf(backups), 5)
  const full = markWidths(placesOf(fulls), 10)
  return new Map([
    ...backups.map(({ id }, index): [string, number] => [id, increments[index] ?? 5]),
    ...fulls.map(({ id }, index): [string, number] => [id, full[index] ?? 10]),
  ])
}

/** A tick or a cross below the band; the newest of a picture says what it is. */
function DrillSign(props: {
  readonly drill: DrillMark
  readonly isNamed: boolean
  readonly x: number
  readonly y: number
  readonly right: number
}) {
  const { drill, isNamed, x, y, right } = props
  const sign = drill.isPassed ? '✓' : '✕'
  const isTurned = x + widthOf(drill.text, SMALL_PX) + ABOUT_PX > right
  const text = isTurned ? `${drill.text} ${sign}` : `${sign} ${drill.text}`
  return (
    <text
      className={drill.isPassed ? 'drill-sign' : 'drill-sign failed'}
      x={isNamed ? x + (isTurned ? 4 : -4) : x}
      y={y}
      textAnchor={!isNamed ? 'middle' : isTurned ? 'end' : 'start'}
    >
      <title>{drill.text}</title>
      {isNamed ? text : sign}
    </text>
  )
}
