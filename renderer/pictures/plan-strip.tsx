import { useId } from 'react'
import { FULL_PX } from './chain-layout.ts'

/** A backup in the picture of a plan, and what becomes of it. */
export type PlannedBackup = {
  readonly id: string
  readonly isFull: boolean
  readonly bytes: number
  /** `joins`: its pages go into the FULL; `becomes-full`: that FULL then has its name. */
  readonly fate: 'stays' | 'goes' | 'joins' | 'becomes-full'
}

const HIGH_PX = 34
const LOWEST_PX = 6
const LABEL_PX = 64
const TITLE_PX = 18
const TITLE_WIDTH_PX = 96
const FOOT_PX = 6
const LANE_PX = HIGH_PX + 16
/** Where there is room; many backups stand closer, and then in a picture that scrolls. */
const WIDEST_STEP_PX = 16
const NARROWEST_STEP_PX = 2
/** Narrower blocks would be nothing but their edge. */
const EDGED_STEP_PX = 6
const ROOM_PX = 500

/** A chain before and after: what goes is hatched in red above and missing below. */
export function PlanStrip(props: {
  readonly backups: readonly PlannedBackup[]
  /** Which chain it is, where several are drawn. */
  readonly title?: string | undefined
  readonly label: string
  readonly before: string
  readonly after: string
}) {
  const { backups, title, label } = props
  const hatch = useId()
  const most = backups.reduce((sum, { bytes }) => Math.max(sum, bytes), 1)
  const merged = backups.reduce((sum, { fate, bytes }) => sum + (fate === 'joins' ? bytes : 0), 0)
  const step = Math.min(WIDEST_STEP_PX, Math.max(NARROWEST_STEP_PX, ROOM_PX / backups.length))
  const top = title === undefined ? 0 : TITLE_PX
  const before = top + LANE_PX
  const after = before + LANE_PX
  const right = LABEL_PX + Math.max(TITLE_WIDTH_PX, backups.length * step + FULL_PX)
  /** One block, standing on a line. */
  const block = (index: number, base: number, bytes: number, isFull: boolean) => {
    const height = Math.min(HIGH_PX + 6, Math.max(LOWEST_PX, Math.sqrt(bytes / most) * HIGH_PX))
    const width = isFull ? FULL_PX : Math.min(6, Math.max(1, step - 1))
    // It ends where an increment would, so that what follows does not lie upon it.
    const overhang = isFull && index > 0 ? Math.max(0, width - step + 1) : 0
    return { x: LABEL_PX + index * step - overhang, y: base - height, width, height }
  }
  return (
    <div className="plan-strip" tabIndex={right > ROOM_PX + LABEL_PX + FULL_PX ? 0 : undefined}>
      <svg width={right} height={after + FOOT_PX} role="img" aria-label={label}>
        <defs>
          <pattern
            id={hatch}
            width="5"
            height="5"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="5" height="5" fill="var(--broken-soft)" />
            <line x1="0" y1="0" x2="0" y2="5" stroke="var(--broken)" strokeWidth="2" />
          </pattern>
        </defs>
        {title === undefined ? null : (
          <text x="0" y="12" fontSize="12.5" fontWeight="600" fill="var(--text)">
            {title}
          </text>
        )}
        {(['before', 'after'] as const).map((row) => {
          const base = row === 'before' ? before : after
          return (
            <g key={row}>
              <text x="0" y={base - 2} fontSize="11.5" fill="var(--quiet)">
                {props[row]}
              </text>
              <line x1={LABEL_PX} x2={right} y1={base + 0.5} y2={base + 0.5} stroke="var(--line-strong)" />
            </g>
          )
        })}
        {backups.map(({ id, isFull, bytes, fate }, index) => {
          const isGoing = fate === 'goes' || fate === 'joins'
          const becomesFull = fate === 'becomes-full'
          const fill = (isTall: boolean): string => (isTall ? 'var(--mark-strong)' : 'var(--mark)')
          return (
            <g key={id}>
              <title>{id}</title>
              <rect
                {...block(index, before, bytes, isFull)}
                fill={isGoing ? `url('#${hatch}')` : fill(isFull)}
                stroke={isGoing && (isFull || step >= EDGED_STEP_PX) ? 'var(--broken)' : undefined}
              />
              {isGoing ? null : (
                <rect
                  {...block(index, after, bytes + (becomesFull ? merged : 0), isFull || becomesFull)}
                  fill={fill(isFull || becomesFull)}
                />
              )}
            </g>
          )
        })}
      </svg>
    </div>
  )
}
