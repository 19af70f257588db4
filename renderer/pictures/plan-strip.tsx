/** A backup in the picture of a plan, and what becomes of it. */
export type PlannedBackup = {
  readonly id: string
  readonly isFull: boolean
  readonly bytes: number
  /** `joins`: its pages go into the FULL; `becomes-full`: that FULL then has its name. */
  readonly fate: 'stays' | 'goes' | 'joins' | 'becomes-full'
}

const HIGH_PX = 34
const STEP_PX = 16
const LABEL_PX = 64

/** A chain before and after: what goes is hatched in red above and missing below. */
export function PlanStrip(props: {
  readonly backups: readonly PlannedBackup[]
  readonly label: string
  readonly before: string
  readonly after: string
}) {
  const { backups } = props
  const most = backups.reduce((sum, { bytes }) => Math.max(sum, bytes), 1)
  const height = (bytes: number): number => Math.max(4, Math.sqrt(bytes / most) * HIGH_PX)
  const merged = backups.reduce((sum, { fate, bytes }) => sum + (fate === 'joins' ? bytes : 0), 0)
  const width = LABEL_PX + backups.length * STEP_PX + 12
  return (
    <div className="plan-strip">
      <svg width={width} height={2 * HIGH_PX + 40} role="img" aria-label={props.label}>
        <defs>
          <pattern id="goes" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="5" height="5" fill="var(--broken-soft)" />
            <line x1="0" y1="0" x2="0" y2="5" stroke="var(--broken)" strokeWidth="2" />
          </pattern>
        </defs>
        {[props.before, props.after].map((text, row) => (
          <text key={text} x="0" y={(row + 1) * (HIGH_PX + 14) - 4} fontSize="11.5" fill="var(--quiet)">
            {text}
          </text>
        ))}
        {backups.map(({ id, isFull, bytes, fate }, index) => {
          const x = LABEL_PX + index * STEP_PX
          const base = HIGH_PX + 12
          const after = 2 * (HIGH_PX + 13)
          const tall = height(bytes)
          const isGoing = fate === 'goes' || fate === 'joins'
          const last = fate === 'becomes-full' ? height(bytes + merged) : tall
          return (
            <g key={id}>
              <title>{id}</title>
              <rect
                x={x}
                y={base - tall}
                width={isFull ? 12 : 6}
                height={tall}
                fill={isGoing ? 'url(#goes)' : isFull ? 'var(--mark-strong)' : 'var(--mark)'}
              />
              {isGoing ? null : (
                <rect
                  x={x}
                  y={after - last}
                  width={isFull || fate === 'becomes-full' ? 12 : 6}
                  height={last}
                  fill={isFull || fate === 'becomes-full' ? 'var(--mark-strong)' : 'var(--mark)'}
                />
              )}
            </g>
          )
        })}
      </svg>
    </div>
  )
}
