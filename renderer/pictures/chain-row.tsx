import { area } from 'd3-shape'
import { memo } from 'react'
import { placeBeside } from './fit-text.ts'
import { lookOf } from '../ui/status-mark.tsx'
import { type ChainBackup, type ChainRow, MARK_PX, type Mark, WEIGHT_PX } from './chain-layout.ts'

/** What is said of one row. */
export type RowTexts = {
  readonly rowTitle: (row: ChainRow) => string
  readonly rowLines: (row: ChainRow) => readonly { readonly text: string; readonly isWarning: boolean }[]
  readonly mark: (mark: Mark) => string
  readonly running: (backup: ChainBackup) => string
  readonly size: (backup: ChainBackup) => string
  /** The longest first; empty where there are none. */
  readonly orphans: (row: ChainRow) => readonly string[]
  readonly pin: (backup: ChainBackup) => string
}

/** Where a row may draw, in pixels. */
export type RowFrame = { readonly left: number; readonly right: number }

/** Clips what is drawn of time to the place for it; the picture defines it. */
export const PLOT_CLIP = 'ribbon-plot'

const LANE_PX = 20
const ROW_GAP_PX = 22
/** So high a mark can be that lies below another lane. */
const LOW_MARK_PX = LANE_PX - 4
const REACH_PX = 6
/** From here on a mark is a node with the letter of its mode, and then with its name as well. */
const NODE_ROOM_PX = 24
const LABEL_ROOM_PX = 110
/** Sizes of the texts beside marks, those of the style sheet. */
const PIN_FONT_PX = 11
const ORPHAN_FONT_PX = 11.5

/** How high a row is with what separates it from the next. */
export function rowHeight({ lanes }: ChainRow): number {
  return MARK_PX + (lanes.count - 1) * LANE_PX + WEIGHT_PX + ROW_GAP_PX
}

/** The mark at a place of a row, as far as a pointer may miss it; y counts from the top of the row. */
export function markAt({ marks }: ChainRow, x: number, y: number): Mark | undefined {
  const lane = Math.max(0, Math.ceil((y - MARK_PX - 3) / LANE_PX))
  let nearest: Mark | undefined
  let least = Infinity
  for (const mark of marks) {
    const distance = Math.max(0, Math.abs(mark.x - x) - mark.width / 2) + (mark.lane === lane ? 0 : REACH_PX)
    if (distance <= REACH_PX && distance < least) {
      least = distance
      nearest = mark
    }
  }
  return nearest
}

/** Whether one of the backups of a mark is among those that stand out; all are where none is chosen. */
export function isFitting({ ids }: Mark, fitting: ReadonlySet<string> | undefined): boolean {
  return fitting === undefined || ids.some((id) => fitting.has(id))
}

/** Around a mark, counted from the top of its row: what is hovered over or selected. */
export function markBox({ x, width, height, lane }: Mark) {
  const base = MARK_PX + lane * LANE_PX
  const wide = Math.max(width, 8) + 4
  const tall = Math.max(lane > 0 ? Math.min(height, LOW_MARK_PX) : height, 14) + 4
  return { x: x - wide / 2, y: base - tall + 2, width: wide, height: tall }
}

/** One chain: its name, its line with the branches, its marks and the weight of its moments. */
export const ChainRowShape = memo(function ChainRowShape(props: {
  readonly row: ChainRow
  readonly top: number
  readonly selectedId: string | undefined
  readonly selectedIds: ReadonlySet<string>
  readonly toX: (ms: number) => number
  readonly frame: RowFrame
  readonly texts: RowTexts
  readonly fitting: ReadonlySet<string> | undefined
}) {
  const { row, top, selectedId, selectedIds, toX, frame, texts, fitting } = props
  const isCurrent = ({ ids }: Mark): boolean => selectedId !== undefined && ids.includes(selectedId)
  const isSelected = ({ ids }: Mark): boolean => ids.some((id) => selectedIds.has(id))
  const isPlain = (mark: Mark): boolean =>
    mark.kind === 'tick' &&
    !mark.worst.isPinned &&
    !isCurrent(mark) &&
    !(mark.ids.length === 1 && mark.roomPx >= NODE_ROOM_PX)
  const plain = row.marks.filter(isPlain)
  // Where marks lie upon each other the worst is seen.
  const others = row.marks
    .filter((mark) => !isPlain(mark))
    .toSorted((a, b) => Number(a.worst.status === 'CORRUPT') - Number(b.worst.status === 'CORRUPT'))
  return (
    <g transform={`translate(0,${top})`}>
      <text className="row-title" x={4} y={13}>
        {texts.rowTitle(row)}
      </text>
      {texts.rowLines(row).map(({ text, isWarning }, line) => (
        <text key={text} className={isWarning ? 'row-line warning' : 'row-line'} x={4} y={29 + line * 15}>
          {text}
        </text>
      ))}
      <Lines row={row} toX={toX} />
      {/* Most of the marks are alike. One path for all of them is drawn as quickly as one mark. */}
      {[...Map.groupBy(plain, (mark) => ticksClass(mark, fitting, isSelected(mark)))].map(([name, marks]) => (
        <path key={name} className={name} d={ticksPath(marks)} />
      ))}
      {others.map((mark) => (
        <MarkShape
          key={mark.ids[0]}
          mark={mark}
          isCurrent={isCurrent(mark)}
          isSelected={isSelected(mark)}
          isFaded={!isFitting(mark, fitting)}
          label={texts.mark(mark)}
          texts={texts}
          frame={frame}
        />
      ))}
      <Orphans row={row} said={texts.orphans(row)} frame={frame} />
    </g>
  )
})

function baseOf(lane: number): number {
  return MARK_PX + lane * LANE_PX
}

function tallOf({ lane, height }: Mark): number {
  return lane > 0 ? Math.min(height, LOW_MARK_PX) : height
}

function ticksClass(mark: Mark, fitting: ReadonlySet<string> | undefined, isSelected: boolean): string {
  const look = isSelected ? 'ticks selected' : mark.worst.status === 'DONE' ? 'ticks hollow' : 'ticks'
  return isFitting(mark, fitting) ? look : `${look} faded`
}

function ticksPath(marks: readonly Mark[]): string {
  return marks
    .map((mark) => {
      const { x, width, lane } = mark
      const tall = tallOf(mark)
      return `M${round(x - width / 2)} ${baseOf(lane)}v${-round(tall)}h${round(width)}v${round(tall)}Z`
    })
    .join('')
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function Lines({ row, toX }: { readonly row: ChainRow; readonly toX: (ms: number) => number }) {
  const { lanes, weight } = row
  const foot = baseOf(lanes.count - 1) + 4 + WEIGHT_PX
  const shape = area<readonly [number, number]>()
    .x(([x]) => x)
    .y0(foot)
    .y1(([, height]) => foot - height)
  return (
    <g aria-hidden="true" clipPath={`url(#${PLOT_CLIP})`}>
      <path className="spine" d={`M${toX(row.firstMs)} ${MARK_PX}H${toX(row.lineMs) + 2}`} />
      {lanes.branches.map(({ firstId, parentId, parentMs, firstMs, lastMs, lane, isBroken }) => (
        <path
          key={firstId}
          className={isBroken ? 'branch broken' : 'branch'}
          d={branchPath(
            [toX(parentMs), baseOf(lanes.laneOf.get(parentId) ?? 0)],
            lanes.laneOf.get(parentId) !== 0,
            [toX(firstMs), baseOf(lane)],
            toX(lastMs),
          )}
        />
      ))}
      {weight.length > 1 ? <path className="weight" d={shape(weight) ?? ''} /> : null}
    </g>
  )
}

/** From the parent along its lane, where no line goes on there, then down in a curve to the first of the branch and on. */
function branchPath(
  [fromX, fromY]: readonly [number, number],
  isAlone: boolean,
  [firstX, firstY]: readonly [number, number],
  lastX: number,
): string {
  const bendX = firstX - Math.min(14, Math.max(0, firstX - fromX))
  return `M${isAlone ? fromX : bendX} ${fromY}H${bendX}Q${bendX} ${firstY} ${firstX} ${firstY}H${lastX + 2}`
}

function MarkShape(props: {
  readonly mark: Mark
  /** The keys are here. */
  readonly isCurrent: boolean
  readonly isSelected: boolean
  readonly isFaded: boolean
  readonly label: string
  readonly texts: RowTexts
  readonly frame: RowFrame
}) {
  const { mark, isCurrent, isSelected, isFaded, label, texts, frame } = props
  const { worst, x, width, lane, kind } = mark
  const { shape, tone } = lookOf(worst.status, worst.isStale)
  const base = baseOf(lane)
  const height = Math.max(tallOf(mark), kind === 'problem' ? 10 : kind === 'full' ? 12 : 0)
  const classes = ['mark', kind, shape, tone, isFaded ? 'faded' : ''].filter((name) => name !== '').join(' ')
  const middle = base - 6
  const isNode = kind === 'tick' && mark.ids.length === 1 && mark.roomPx >= NODE_ROOM_PX
  const isNamed = isNode && mark.roomPx >= LABEL_ROOM_PX && x > frame.left + 50 && x < frame.right - 50
  return (
    <g className={classes} role="img" aria-label={label}>
      {shape === 'cross' ? (
        <path
          d={`M${x - 5} ${middle - 5}L${x + 5} ${middle + 5}M${x + 5} ${middle - 5}L${x - 5} ${middle + 5}`}
        />
      ) : shape === 'ring' || shape === 'question' ? (
        <path d={`M${x} ${middle - 5}a5 5 0 1 0 .01 0M${x} ${middle - 2.5}v3M${x} ${middle + 2}v.6`} />
      ) : (
        <rect
          x={x - width / 2}
          y={base - height}
          width={width}
          height={height}
          rx={kind === 'full' ? 1.5 : 0}
        />
      )}
      {shape === 'running' ? (
        <path className="stripes" d={`M${x} ${base}v${-height}`} strokeWidth={width - 2} />
      ) : null}
      {isNode ? (
        <g className="node">
          <path d={nodePath(worst.mode, x, base)} />
          <text x={x} y={base + 3.5} textAnchor="middle">
            {worst.mode === 'PTRACK' ? 'T' : worst.mode.slice(0, 1)}
          </text>
          {isNamed ? (
            <text className="node-label" x={x} y={base - Math.max(height, 8) - 5} textAnchor="middle">
              {worst.id} · {texts.size(worst)}
            </text>
          ) : null}
        </g>
      ) : null}
      {worst.isPinned ? (
        <Pin x={x} top={base - height} lane={lane} text={isFaded ? '' : texts.pin(worst)} frame={frame} />
      ) : null}
      {worst.status === 'RUNNING' && !worst.isStale ? (
        <text className="running-note" x={x - width / 2 - 6} y={base - height - 4} textAnchor="end">
          {texts.running(worst)}
        </text>
      ) : null}
      {isCurrent || isSelected ? (
        <rect className={isSelected ? 'selection' : 'selection out'} {...markBox(mark)} rx="2" />
      ) : null}
    </g>
  )
}

/** A pin on a mark, with its date: above its neighbours, so that none of them is written over. */
function Pin(props: {
  readonly x: number
  /** Of the mark. */
  readonly top: number
  readonly lane: number
  readonly text: string
  readonly frame: RowFrame
}) {
  const { x, top, lane, text, frame } = props
  const y = Math.min(top - 12, lane === 0 ? 0 : Infinity)
  const placed = placeBeside([text], PIN_FONT_PX, { start: x - 9, end: x + 9 }, frame)
  return (
    <>
      <path className="pin" d={`M${x - 4} ${y}h8l-2 5v4h-1.4V${top}h-1.2V${y + 9}h-1.4v-4Z`} />
      {placed === undefined ? null : (
        <text className="pin-text" x={placed.x} y={y + 8} textAnchor={placed.anchor}>
          {placed.text}
        </text>
      )}
    </>
  )
}

/** Round for DELTA, with two corners cut for PAGE, a diamond for PTRACK: the letter alone is small. */
function nodePath(mode: string, x: number, y: number): string {
  if (mode === 'PTRACK') return `M${x} ${y - 10}L${x + 10} ${y}L${x} ${y + 10}L${x - 10} ${y}Z`
  if (mode === 'PAGE')
    return `M${x - 8} ${y - 8}H${x + 4}L${x + 8} ${y - 4}V${y + 8}H${x - 4}L${x - 8} ${y + 4}Z`
  return `M${x - 8} ${y}a8 8 0 1 0 16 0a8 8 0 1 0 -16 0Z`
}

/** The sentence beside a branch that cannot be restored. */
function Orphans(props: {
  readonly row: ChainRow
  readonly said: readonly string[]
  readonly frame: RowFrame
}) {
  const { row, said, frame } = props
  const last = row.marks.findLast(({ worst }) => worst.status === 'ORPHAN')
  if (last === undefined) return null
  const first = row.marks.find(({ worst, lane }) => worst.status !== 'OK' && lane === last.lane) ?? last
  // To the left it must not be written over the marks that the branch follows.
  const before = row.marks.findLast(({ x, lane }) => lane === last.lane && x < first.x)
  const room = before === undefined ? frame : { left: before.x + MARK_PX, right: frame.right }
  const placed = placeBeside(said, ORPHAN_FONT_PX, { start: first.x - 12, end: last.x + 10 }, room)
  if (placed === undefined) return null
  return (
    <text
      className="row-line warning beside"
      x={placed.x}
      y={baseOf(last.lane) - 1}
      textAnchor={placed.anchor}
    >
      {placed.text}
    </text>
  )
}
