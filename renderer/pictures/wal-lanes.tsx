import { type KeyboardEvent, useState } from 'react'
import { useWidth } from './use-width.ts'
import { coverageBins, type WalHole, type WalLane, type WalNotch, notchesOf } from './wal-bins.ts'
import './wal-lanes.css'

/** What the picture says, in the language that is set. */
export type WalLaneTexts = {
  readonly label: string
  readonly lane: (lane: WalLane) => { readonly title: string; readonly line: string }
  readonly notch: (lane: WalLane, notch: WalNotch) => string
  readonly ends: readonly [from: string, to: string]
}

const LEAST_PX = 420
const LEFT_PX = 150
const RIGHT_PX = 10
const BAND_PX = 24
const PITCH_PX = 46
const TOP_PX = 10
const AXIS_PX = 22
const BIN_PX = 4

/**
 * A lane for each timeline on one axis of LSNs: as high as its WAL is there, with a red notch for each hole. The notches
 * are one stop of the Tab key; ← and → go along a lane, ↑ and ↓ to another, Enter chooses.
 */
export function WalLanes(props: {
  readonly lanes: readonly WalLane[]
  readonly texts: WalLaneTexts
  readonly chosen: string | undefined
  readonly onChoose: (hole: WalHole) => void
}) {
  const { lanes, texts, chosen, onChoose } = props
  const [frame, width] = useWidth(LEAST_PX)
  const [stop, setStop] = useState<{ readonly row: number; readonly at: number } | undefined>(undefined)
  const axis = axisOf(lanes)
  const right = width - RIGHT_PX
  const toX = (segment: number): number =>
    LEFT_PX + ((segment - axis.first) / Math.max(1, axis.last + 1 - axis.first)) * (right - LEFT_PX)
  const rows = lanes.map((lane, row) => ({
    lane,
    row,
    top: TOP_PX + row * PITCH_PX,
    notches: notchesOf(lane, (segment) => Math.max(LEFT_PX, Math.min(right, toX(segment)))),
  }))
  const firstRow = rows.findIndex(({ notches }) => notches.length > 0)
  const isStop = (row: number, at: number): boolean =>
    stop === undefined ? row === firstRow && at === 0 : stop.row === row && stop.at === at
  const onKey = (event: KeyboardEvent<SVGElement>, row: number, at: number, notch: WalNotch): void => {
    const next = nextStop(
      rows.map(({ notches }) => notches),
      row,
      at,
      event.key,
    )
    if (next !== undefined) {
      setStop(next)
      event.currentTarget
        .closest('svg')
        ?.querySelector<SVGElement>(`[data-stop="${next.row} ${next.at}"]`)
        ?.focus()
    } else if (event.key === 'Enter' || event.key === ' ') chooseFirst(notch)
    else return
    event.preventDefault()
  }
  const chooseFirst = ({ holes }: WalNotch): void => {
    const [hole] = holes
    if (hole !== undefined) onChoose(hole)
  }
  const height = TOP_PX + lanes.length * PITCH_PX + AXIS_PX
  return (
    <div ref={frame} className="wal-lanes">
      <svg width={width} height={height} role="group" aria-label={texts.label}>
        <defs>
          <pattern id="wal-missing" width="5" height="5" patternUnits="userSpaceOnUse">
            <rect width="5" height="5" className="notch-ground" />
            <path d="M0 5 5 0" className="notch-line" />
          </pattern>
        </defs>
        {rows.map(({ lane, row, top, notches }) => (
          <g key={lane.timeline}>
            <LaneBand lane={lane} top={top} axis={axis} toX={toX} texts={texts} />
            {parentLine(rows, lane, top, toX)}
            {notches.map((notch, at) => {
              const [hole] = notch.holes
              const isChosen = notch.holes.some(({ firstSegment }) => firstSegment === chosen)
              return (
                <g
                  key={hole?.firstSegment}
                  role="button"
                  data-stop={`${row} ${at}`}
                  tabIndex={isStop(row, at) ? 0 : -1}
                  aria-label={texts.notch(lane, notch)}
                  aria-pressed={isChosen}
                  className={isChosen ? 'wal-notch chosen' : 'wal-notch'}
                  onClick={() => {
                    setStop({ row, at })
                    chooseFirst(notch)
                  }}
                  onKeyDown={(event) => onKey(event, row, at, notch)}
                >
                  <title>{texts.notch(lane, notch)}</title>
                  <rect
                    className="reach-area"
                    x={notch.x + notch.width / 2 - Math.max(12, notch.width / 2)}
                    y={top - 3}
                    width={Math.max(24, notch.width)}
                    height={BAND_PX + 6}
                  />
                  <rect className="notch" x={notch.x} y={top - 3} width={notch.width} height={BAND_PX + 6} />
                </g>
              )
            })}
          </g>
        ))}
        <g aria-hidden="true" className="wal-axis">
          <line x1={LEFT_PX} x2={right} y1={height - AXIS_PX} y2={height - AXIS_PX} />
          <text x={LEFT_PX} y={height - 6}>
            {texts.ends[0]}
          </text>
          <text x={right} y={height - 6} textAnchor="end">
            {texts.ends[1]}
          </text>
        </g>
      </svg>
    </div>
  )
}

function LaneBand(props: {
  readonly lane: WalLane
  readonly top: number
  readonly axis: { readonly first: number; readonly last: number }
  readonly toX: (segment: number) => number
  readonly texts: WalLaneTexts
}) {
  const { lane, top, axis, toX, texts } = props
  const { title, line } = texts.lane(lane)
  const whole = toX(axis.last + 1) - toX(axis.first)
  const count = Math.max(1, Math.floor(whole / BIN_PX))
  const { extent } = lane
  return (
    <g aria-hidden="true">
      <text x={0} y={top + 10} className="lane-title">
        {title}
      </text>
      <text x={0} y={top + 25} className="lane-line">
        {line}
      </text>
      {extent === undefined ? null : (
        <rect
          className="lane-ground"
          x={toX(extent.first)}
          y={top}
          width={Math.max(1, toX(extent.last + 1) - toX(extent.first))}
          height={BAND_PX}
        />
      )}
      {coverageBins(lane, axis, count).map((share, index) => {
        if (share === undefined || extent === undefined) return null
        const x = LEFT_PX + (index * whole) / count
        const from = Math.max(x, toX(extent.first))
        const to = Math.min(x + whole / count, toX(extent.last + 1))
        return (
          <rect
            key={`${lane.timeline} ${x}`}
            className="lane-bin"
            x={from}
            y={top + BAND_PX * (1 - share)}
            width={Math.max(1, to - from)}
            height={BAND_PX * share}
          />
        )
      })}
    </g>
  )
}

/** From the lane of the parent down to where this timeline begins. */
function parentLine(
  rows: readonly { readonly lane: WalLane; readonly top: number }[],
  lane: WalLane,
  top: number,
  toX: (segment: number) => number,
) {
  const parent = rows.find((row) => row.lane.timeline === lane.parent)
  if (parent === undefined || lane.switchSegment === undefined) return null
  const x = Math.max(LEFT_PX, toX(lane.switchSegment))
  return <path className="lane-switch" d={`M${x},${parent.top + BAND_PX}V${top}`} aria-hidden="true" />
}

function axisOf(lanes: readonly WalLane[]): { readonly first: number; readonly last: number } {
  const extents = lanes.flatMap(({ extent }) => (extent === undefined ? [] : [extent]))
  if (extents.length === 0) return { first: 0, last: 0 }
  return {
    first: extents.reduce((least, { first }) => Math.min(least, first), Infinity),
    last: extents.reduce((most, { last }) => Math.max(most, last), 0),
  }
}

/** Where a key leads to from one notch; undefined for keys that lead nowhere. */
export function nextStop(
  rows: readonly (readonly { readonly x: number }[])[],
  row: number,
  at: number,
  key: string,
): { readonly row: number; readonly at: number } | undefined {
  const last = (rows[row]?.length ?? 1) - 1
  if (key === 'ArrowLeft') return { row, at: Math.max(0, at - 1) }
  if (key === 'ArrowRight') return { row, at: Math.min(last, at + 1) }
  if (key === 'Home') return { row, at: 0 }
  if (key === 'End') return { row, at: last }
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined
  const step = key === 'ArrowDown' ? 1 : -1
  for (let next = row + step; next >= 0 && next < rows.length; next += step) {
    const notches = rows[next] ?? []
    if (notches.length === 0) continue
    const x = rows[row]?.[at]?.x ?? 0
    const distances = notches.map((notch) => Math.abs(notch.x - x))
    return { row: next, at: distances.indexOf(Math.min(...distances)) }
  }
  return { row, at }
}
