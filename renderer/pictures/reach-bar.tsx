/** From the oldest to the newest moment that can be restored, against now. Points only: no archive joins them yet. */
export function ReachBar(props: {
  readonly points: readonly { readonly atMs: number; readonly isUsable: boolean }[]
  readonly nowMs: number
  readonly label: string
  readonly fromText: string
  readonly toText: string
}) {
  const WIDTH = 640
  const first = props.points.reduce((least, { atMs }) => Math.min(least, atMs), props.nowMs - 86_400_000)
  const x = (ms: number): number => 8 + ((ms - first) / Math.max(1, props.nowMs - first)) * (WIDTH - 16)
  return (
    <svg viewBox={`0 0 ${WIDTH} 44`} width="100%" role="img" aria-label={props.label}>
      <line x1="8" x2={WIDTH - 8} y1="16" y2="16" stroke="var(--line-strong)" strokeWidth="1.4" />
      {props.points.map(({ atMs, isUsable }) => (
        <circle
          key={atMs}
          cx={x(atMs)}
          cy="16"
          r="5"
          fill={isUsable ? 'var(--reach)' : 'var(--surface)'}
          stroke={isUsable ? 'var(--reach)' : 'var(--broken)'}
          strokeWidth="1.6"
        />
      ))}
      <line x1={WIDTH - 8} x2={WIDTH - 8} y1="6" y2="26" stroke="var(--active)" strokeWidth="1.6" />
      <text x="8" y="40" fontSize="11" fill="var(--quiet)">
        {props.fromText}
      </text>
      <text x={WIDTH - 8} y="40" fontSize="11" fill="var(--quiet)" textAnchor="end">
        {props.toText}
      </text>
    </svg>
  )
}
