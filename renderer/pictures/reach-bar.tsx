import { useWidth } from './use-width.ts'

/** From the oldest to the newest moment that can be restored, against now. Points only: no archive joins them yet. */
export function ReachBar(props: {
  readonly points: readonly { readonly atMs: number; readonly isUsable: boolean }[]
  readonly nowMs: number
  readonly label: string
  readonly fromText: string
  readonly toText: string
}) {
  const [frame, width] = useWidth(320)
  const first = props.points.reduce((least, { atMs }) => Math.min(least, atMs), props.nowMs - 86_400_000)
  const x = (ms: number): number => 8 + ((ms - first) / Math.max(1, props.nowMs - first)) * (width - 16)
  // Points that would touch each other would look like a stretch in which every moment can be restored.
  const isDense = props.points.length * 14 > width
  const half = isDense ? 0.6 : 5
  const height = isDense ? 14 : 10
  return (
    <div ref={frame}>
      <svg width={width} height="44" role="img" aria-label={props.label}>
        <line x1="8" x2={width - 8} y1="16" y2="16" stroke="var(--line-strong)" strokeWidth="1.4" />
        {props.points.map(({ atMs, isUsable }) => (
          <rect
            key={atMs}
            x={x(atMs) - half}
            y={isUsable ? 16 - height / 2 : 12}
            width={half * 2}
            height={isUsable ? height : 8}
            rx={half}
            fill={isUsable ? 'var(--reach)' : 'var(--surface)'}
            stroke={isUsable ? 'none' : 'var(--broken)'}
          />
        ))}
        <line x1={width - 8} x2={width - 8} y1="6" y2="26" stroke="var(--active)" strokeWidth="1.6" />
        <text x="8" y="40" fontSize="11" fill="var(--quiet)">
          {props.fromText}
        </text>
        <text x={width - 8} y="40" fontSize="11" fill="var(--quiet)" textAnchor="end">
          {props.toText}
        </text>
      </svg>
    </div>
  )
}
