import { useWidth } from './use-width.ts'

const HEIGHT_PX = 56
const LEAST_BAR_PX = 1.5

/** Amounts side by side, the oldest first; `texts` are told of each. */
export function VolumeBars(props: {
  readonly amounts: readonly number[]
  readonly texts: readonly string[]
  readonly ends: readonly [from: string, to: string]
  readonly label: string
}) {
  const { amounts, texts, ends, label } = props
  const [frame, width] = useWidth(220)
  const most = amounts.reduce((highest, amount) => Math.max(highest, amount), 1)
  const step = width / Math.max(1, amounts.length)
  return (
    <div ref={frame}>
      <svg width={width} height={HEIGHT_PX + 18} role="img" aria-label={label} className="volume-bars">
        {amounts.map((amount, index) => {
          const height = amount === 0 ? 0 : Math.max(LEAST_BAR_PX, (amount / most) * (HEIGHT_PX - 4))
          return (
            <g key={texts[index] ?? index}>
              <title>{texts[index]}</title>
              <rect x={index * step} y="0" width={step} height={HEIGHT_PX} fill="transparent" />
              <rect
                x={index * step + 1}
                y={HEIGHT_PX - height}
                width={Math.max(1, step - 2)}
                height={height}
                fill="var(--mark)"
              />
            </g>
          )
        })}
        <line x1="0" x2={width} y1={HEIGHT_PX} y2={HEIGHT_PX} stroke="var(--line-strong)" />
        <text x="0" y={HEIGHT_PX + 14}>
          {ends[0]}
        </text>
        <text x={width} y={HEIGHT_PX + 14} textAnchor="end">
          {ends[1]}
        </text>
      </svg>
    </div>
  )
}
