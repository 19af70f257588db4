import { endOf, type LifeChain, type LifeLayout, type LifePaths, linesBetween } from './life-layout.ts'
import type { LifeTexts } from './life-texts.ts'

/** The lines that can be seen, each kind of them one path, and the names of their chains. */
export function LifeMarks(props: {
  readonly paths: LifePaths
  readonly chains: readonly LifeChain[]
  /** Names the hatching, in a page that may have several. */
  readonly prefix: string
  readonly texts: Pick<LifeTexts, 'chain' | 'increments' | 'pin'>
}) {
  const { paths, chains, prefix, texts } = props
  return (
    <>
      <defs>
        <pattern
          id={`${prefix}hatch`}
          width="6"
          height="6"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="6" height="6" fill="var(--surface)" />
          <line y2="6" stroke="var(--pin)" strokeWidth="2.4" />
        </pattern>
      </defs>
      {chains.map((chain) => (
        <g key={chain.fullId ?? ''}>
          <text className="chain" x={0} y={chain.top + 11}>
            {texts.chain(chain.fullId)}
          </text>
          <text className="increments" x={0} y={chain.top + 28}>
            {texts.increments(chain.increments)}
          </text>
        </g>
      ))}
      <path className="kept" d={paths.kept} />
      <path className="kept-lines" d={paths.keptLines} />
      <path className="spent" d={paths.spent} />
      <path className="held-full" d={paths.heldFulls} fill={`url(#${prefix}hatch)`} />
      <path className="held" d={paths.heldLines} />
      <path className="pinned" d={paths.pinned} />
      <path className="future" d={paths.futureKept} />
      <path className="future-held" d={paths.futureHeld} />
      {paths.pins.map(({ id, x, y }) => (
        <circle key={id} className="pin" cx={x} cy={y} r={4.5}>
          <title>{texts.pin(id)}</title>
        </circle>
      ))}
      <path className="later" d={paths.later} />
      <path className="overdue" d={paths.overdue} />
    </>
  )
}

const NOTE_PX = 16
/** Wide enough for a letter of this size, and for half a Chinese one; whatever is less certain is left out. */
const LETTER_PX = 6.6
const WIDE = /[\u2e80-\uffff]/g

/** What a pin does, below its line, where no other line is in the way. */
export function PinNotes(props: {
  readonly layout: LifeLayout
  readonly paths: Pick<LifePaths, 'pins'>
  readonly toX: (ms: number) => number
  readonly nowMs: number
  readonly note: (id: string) => string
}) {
  const { layout, paths, toX, nowMs, note } = props
  return paths.pins.map(({ id, x, y }) => {
    const text = note(id)
    const left = x - 10 - (text.length + (text.match(WIDE)?.length ?? 0)) * LETTER_PX
    const isFree = linesBetween(layout, y + 3, y + NOTE_PX + 2).every(
      ({ line }) => toX(endOf(line, nowMs)) < left - 4,
    )
    return !isFree || left < toX(nowMs) ? null : (
      <text key={id} className="pin-note" x={x - 10} y={y + NOTE_PX - 1} textAnchor="end">
        {text}
      </text>
    )
  })
}

/** Where a pin would be, and until when it would keep. */
export function PinDraftMark(props: {
  readonly fromX: number
  readonly x: number
  readonly y: number
  readonly isBelow: boolean
  readonly text: string
}) {
  const { fromX, x, y, isBelow, text } = props
  return (
    <g className="draft">
      <line x1={fromX} x2={x} y1={y} y2={y} />
      <circle cx={x} cy={y} r={5.5} />
      <text x={x - 9} y={isBelow ? y + 16 : y - 8} textAnchor="end">
        {text}
      </text>
    </g>
  )
}
