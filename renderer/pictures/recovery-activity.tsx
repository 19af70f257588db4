import { widthOf } from './fit-text.ts'

/** Commits in equal parts of a range. */
export type Activity = { readonly fromMs: number; readonly toMs: number; readonly counts: readonly number[] }

/** A commit that may have been one too many. */
export type AccidentMark = { readonly key: string; readonly ms: number; readonly timeline: number }

export const STRIP_PX = 62
const BASE_PX = 52
const HEIGHT_PX = 34
const NAME_PX = 11

/** How much was committed when, and what may have gone wrong. */
export function ActivityStrip(props: {
  readonly activity: Activity | undefined
  readonly accidents: readonly AccidentMark[]
  readonly chosen: string | undefined
  readonly onAccident: (key: string) => void
  readonly toX: (ms: number) => number
  readonly left: number
  readonly right: number
  readonly texts: {
    readonly activity: (bucketMs: number) => string
    readonly accident: (accident: AccidentMark) => string
  }
}) {
  const { activity, chosen, toX, left, right, texts } = props
  const most = activity?.counts.reduce((a, b) => Math.max(a, b), 0) ?? 0
  const bucketMs =
    activity === undefined ? 0 : (activity.toMs - activity.fromMs) / Math.max(1, activity.counts.length)
  const shown = props.accidents.filter(({ ms }) => toX(ms) >= left && toX(ms) <= right)
  const named = shown.find(({ key }) => key === chosen) ?? (shown.length === 1 ? shown[0] : undefined)
  return (
    <g className="activity">
      <g aria-hidden="true">
        {activity === undefined || most === 0 ? null : (
          <>
            <text className="lane-line" x={0} y={BASE_PX - 10}>
              {texts.activity(bucketMs)}
            </text>
            <path className="bars" d={barsOf(activity, bucketMs, most, toX, left, right)} />
            <line className="floor" x1={left} x2={right} y1={BASE_PX + 0.5} y2={BASE_PX + 0.5} />
          </>
        )}
      </g>
      {shown.map((accident) => (
        <g
          key={accident.key}
          className={accident.key === chosen ? 'accident chosen' : 'accident'}
          aria-hidden="true"
          onPointerDown={(event) => event.stopPropagation()}
          onClick={() => props.onAccident(accident.key)}
        >
          <title>{texts.accident(accident)}</title>
          <rect x={toX(accident.ms) - 12} y={BASE_PX - 18} width={24} height={24} />
          <path d={`M${toX(accident.ms) - 7},${BASE_PX}h14l-7,-12z`} />
        </g>
      ))}
      {named === undefined ? null : (
        <NamedAccident x={toX(named.ms)} text={texts.accident(named)} left={left} right={right} />
      )}
    </g>
  )
}

function NamedAccident(props: {
  readonly x: number
  readonly text: string
  readonly left: number
  readonly right: number
}) {
  const { x, text, left, right } = props
  const isLeft = x - widthOf(text, NAME_PX) - 10 > left || x - left > right - x
  return (
    <text
      className="accident-text"
      aria-hidden="true"
      x={isLeft ? x - 10 : x + 10}
      y={14}
      textAnchor={isLeft ? 'end' : 'start'}
    >
      {text}
    </text>
  )
}

/** Heights by the root of the count: a quiet hour beside a busy one is still seen. */
function barsOf(
  { fromMs, counts }: Activity,
  bucketMs: number,
  most: number,
  toX: (ms: number) => number,
  left: number,
  right: number,
): string {
  const parts: string[] = []
  counts.forEach((count, index) => {
    const from = Math.max(left, toX(fromMs + index * bucketMs))
    const to = Math.min(right, toX(fromMs + (index + 1) * bucketMs))
    if (count === 0 || to <= from) return
    const height = Math.max(3, Math.sqrt(count / most) * HEIGHT_PX)
    parts.push(`M${from},${BASE_PX}v${-height}h${Math.max(1, to - from - 1)}v${height}z`)
  })
  return parts.join('')
}
