import type { Interval } from './recovery-reach.ts'
import { useWidth } from './use-width.ts'

/** A picture of less than that would be all of one moment. */
const LEAST_SPAN_MS = 60_000
/** A stretch can be seen however short it is. */
const LEAST_STRETCH_PX = 2

/** From the oldest to the newest moment that can be restored, against now: points, and stretches of archived WAL. */
export function ReachBar(props: {
  readonly points: readonly { readonly atMs: number; readonly isUsable: boolean }[]
  readonly stretches: readonly Interval[]
  readonly nowMs: number
  readonly label: string
  /** Says in words when the picture begins. */
  readonly textAt: (ms: number) => string
  readonly toText: string
}) {
  const [frame, width] = useWidth(320)
  // The text below says when the picture begins: no empty day may come before that.
  const first = [
    ...props.points.map(({ atMs }) => atMs),
    ...props.stretches.map(({ fromMs }) => fromMs),
  ].reduce((least, ms) => Math.min(least, ms), props.nowMs - LEAST_SPAN_MS)
  const x = (ms: number): number => 8 + ((ms - first) / Math.max(1, props.nowMs - first)) * (width - 16)
  // Points that would touch each other would look like a stretch in which every moment can be restored.
  const isDense = props.points.length * 14 > width
  const half = isDense ? 0.6 : 5
  const height = isDense ? 14 : 10
  const hollow = isDense ? 8 : 10
  return (
    <div ref={frame}>
      <svg width={width} height="44" role="img" aria-label={props.label}>
        <line x1="8" x2={width - 8} y1="16" y2="16" stroke="var(--line-strong)" strokeWidth="1.4" />
        {props.stretches.map(({ fromMs, toMs }) => (
          <rect
            key={`${fromMs}-${toMs}`}
            x={x(fromMs)}
            y="9"
            width={Math.max(LEAST_STRETCH_PX, x(Math.min(toMs, props.nowMs)) - x(fromMs))}
            height="14"
            fill="var(--reach-soft)"
            stroke="var(--reach)"
          />
        ))}
        {props.points.map(({ atMs, isUsable }) => (
          <rect
            key={atMs}
            x={x(atMs) - half}
            y={16 - (isUsable ? height : hollow) / 2}
            width={half * 2}
            height={isUsable ? height : hollow}
            rx={half}
            fill={isUsable ? 'var(--reach)' : 'var(--surface)'}
            stroke={isUsable ? 'none' : 'var(--broken)'}
          />
        ))}
        <line x1={width - 8} x2={width - 8} y1="6" y2="26" stroke="var(--active)" strokeWidth="1.6" />
        <text x="8" y="40" fontSize="11" fill="var(--quiet)">
          {props.textAt(first)}
        </text>
        <text x={width - 8} y="40" fontSize="11" fill="var(--quiet)" textAnchor="end">
          {props.toText}
        </text>
      </svg>
    </div>
  )
}
