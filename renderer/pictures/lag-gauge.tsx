import { useWidth } from './use-width.ts'

const MARKS = [
  [1, 'second'],
  [60, 'minute'],
  [3600, 'hour'],
  [86_400, 'day'],
] as const
const MOST_SECONDS = 7 * 86_400

/** Where so many seconds are on the scale, 0 to 1: each step of it is a unit of time. */
export function lagShare(seconds: number): number {
  return Math.min(1, Math.log1p(Math.max(0, seconds)) / Math.log1p(MOST_SECONDS))
}

/** How far behind something is, on a scale on which a second and a day can both be told. */
export function LagGauge(props: {
  readonly seconds: number
  readonly label: string
  /** What units of time are called. */
  readonly units: Readonly<Record<(typeof MARKS)[number][1], string>>
  readonly isLate: boolean
}) {
  const { seconds, label, units, isLate } = props
  const [frame, width] = useWidth(220)
  const room = width - 20
  const x = 10 + lagShare(seconds) * room
  return (
    <div ref={frame}>
      <svg width={width} height="36" role="img" aria-label={label} className="lag-gauge">
        <rect x="10" y="6" width={room} height="8" rx="4" fill="var(--raised)" />
        <rect
          x="10"
          y="6"
          width={Math.max(4, x - 10)}
          height="8"
          rx="4"
          fill={isLate ? 'var(--look)' : 'var(--mark-strong)'}
        />
        <path
          d={`M${x},2V18`}
          stroke={isLate ? 'var(--look)' : 'var(--mark-strong)'}
          strokeWidth="2.4"
          strokeLinecap="round"
        />
        {MARKS.map(([at, unit]) => (
          <g key={unit} aria-hidden="true">
            <path d={`M${10 + lagShare(at) * room},15v4`} stroke="var(--line-strong)" />
            <text x={10 + lagShare(at) * room} y="32" textAnchor="middle">
              1 {units[unit]}
            </text>
          </g>
        ))}
      </svg>
    </div>
  )
}
