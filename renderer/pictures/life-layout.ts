import { countLeading } from '../../engine/base/count-leading.ts'
import type { TimeRange } from './time-range.ts'

/** How long one backup is kept, and by what. Times are Unix milliseconds, Infinity is never. */
export type LifeLine = {
  readonly id: string
  /** The FULL of its chain; undefined where that is missing. */
  readonly fullId: string | undefined
  readonly startMs: number
  /** The policy keeps it until then. */
  readonly keptMs: number
  /** 0 for a backup that is not pinned. */
  readonly pinMs: number
  /** Then nothing keeps it any more: neither policy, nor pin, nor a backup that needs it. */
  readonly goneMs: number
  /** It has not been taken yet. */
  readonly isFuture?: boolean
}

export type LifeChain = {
  readonly fullId: string | undefined
  /** Pixels, as all places here. */
  readonly top: number
  readonly bottom: number
  readonly increments: number
}

export type PlacedLine = { readonly line: LifeLine; readonly top: number; readonly height: number }

/** Where every line is, from top to bottom. */
export type LifeLayout = {
  readonly chains: readonly LifeChain[]
  readonly lines: readonly PlacedLine[]
  readonly height: number
}

const FULL_PX = 12
const LINE_PX = 3
const PITCH_PX = 6
const CHAIN_PX = 40
const GAP_PX = 14
const CAP_PX = 4
const DAY_MS = 86_400_000

/** Chains below each other, the oldest first, each with its FULL on top. `lines` are newest first. */
export function layoutLifeLines(lines: readonly LifeLine[]): LifeLayout {
  const byFull = new Map<string | undefined, LifeLine[]>()
  for (const line of lines.toReversed()) {
    const chain = byFull.get(line.fullId)
    if (chain === undefined) byFull.set(line.fullId, [line])
    else chain.push(line)
  }
  const placed: PlacedLine[] = []
  const chains: LifeChain[] = []
  let y = GAP_PX / 2
  for (const [fullId, members] of byFull) {
    const top = y
    for (const line of members) {
      const isFull = line.id === fullId
      placed.push({ line, top: y, height: isFull ? FULL_PX : LINE_PX })
      y += isFull ? FULL_PX + PITCH_PX : PITCH_PX
    }
    y = Math.max(y, top + CHAIN_PX)
    chains.push({
      fullId,
      top,
      bottom: y,
      increments: members.filter(({ id }) => id !== fullId).length,
    })
    y += GAP_PX
  }
  return { chains, lines: placed, height: y }
}

/** Lines of which anything lies between two heights. */
export function linesBetween({ lines }: LifeLayout, top: number, bottom: number): readonly PlacedLine[] {
  return lines.slice(
    countLeading(lines, (one) => one.top + one.height < top),
    countLeading(lines, (one) => one.top <= bottom),
  )
}

/** Chains of which anything lies between two heights. */
export function chainsBetween({ chains }: LifeLayout, top: number, bottom: number): readonly LifeChain[] {
  return chains.slice(
    countLeading(chains, (one) => one.bottom < top),
    countLeading(chains, (one) => one.top <= bottom),
  )
}

/** The line nearest to a height, by its place in the layout; undefined where there is none near. */
export function lineAt({ lines }: LifeLayout, y: number): number | undefined {
  const after = countLeading(lines, (one) => one.top + one.height / 2 < y)
  let nearest: number | undefined
  let least = PITCH_PX
  for (const index of [after - 1, after]) {
    const one = lines[index]
    if (one === undefined) continue
    const distance = Math.max(0, one.top - y, y - one.top - one.height)
    if (distance < least) [nearest, least] = [index, distance]
  }
  return nearest
}

/**
 * From the oldest backup to where the last line ends, with some days to look ahead in any case. A pin of a hundred years
 * must not press the rest into a corner: so much future as past, but no less than sixty days, is shown at most.
 */
export function lifeRange(lines: readonly LifeLine[], nowMs: number): TimeRange {
  let fromMs = nowMs - 7 * DAY_MS
  let toMs = nowMs + 14 * DAY_MS
  for (const { startMs, goneMs } of lines) {
    if (startMs < fromMs) fromMs = startMs
    if (Number.isFinite(goneMs) && goneMs > toMs) toMs = goneMs
  }
  const most = nowMs + Math.max(60 * DAY_MS, nowMs - fromMs)
  const end = Math.min(toMs, most)
  return [fromMs, nowMs + Math.ceil((end - nowMs) / DAY_MS + 1) * DAY_MS]
}

/** Shapes for all lines of a kind, each one path. */
export type LifePaths = {
  /** FULLs, and the lighter increments. */
  readonly kept: string
  readonly keptLines: string
  /** Wide enough for hatching. */
  readonly heldFulls: string
  readonly heldLines: string
  readonly pinned: string
  /** What nothing keeps. */
  readonly spent: string
  /** Ends of those that go now. */
  readonly overdue: string
  /** Ends of those that will have gone at the day that is looked at. */
  readonly later: string
  /** Lines to be dashed: backups that are to come, while the policy keeps them and afterwards. */
  readonly futureKept: string
  readonly futureHeld: string
  readonly pins: readonly { readonly id: string; readonly x: number; readonly y: number }[]
}

export type LifeScale = {
  readonly toX: (ms: number) => number
  /** Nothing is drawn beyond. */
  readonly right: number
  readonly nowMs: number
  readonly asOfMs: number
}

/** Draws lines. Pure; as quick as what is given is short, so give what can be seen. */
export function lifePaths(placed: readonly PlacedLine[], scale: LifeScale): LifePaths {
  const { toX, right, nowMs, asOfMs } = scale
  const at = (ms: number): number => Math.min(right, toX(ms))
  const parts: Record<Exclude<keyof LifePaths, 'pins'>, string[]> = {
    kept: [],
    keptLines: [],
    heldFulls: [],
    heldLines: [],
    pinned: [],
    spent: [],
    overdue: [],
    later: [],
    futureKept: [],
    futureHeld: [],
  }
  const pins: { id: string; x: number; y: number }[] = []
  for (const { line, top, height } of placed) {
    const { startMs, keptMs, pinMs } = line
    const isOverdue = line.goneMs <= nowMs
    const endMs = endOf(line, nowMs)
    const keptEnd = Math.max(startMs, Math.min(keptMs, endMs))
    const pinEnd = Math.max(keptEnd, Math.min(pinMs, endMs))
    // Of a backup that nothing keeps for all that is known, the whole line is spent.
    const heldEnd = Math.max(pinEnd, Math.min(line.goneMs, endMs))
    const draw = (list: string[], fromMs: number, toMs: number): void => {
      if (toMs > fromMs) list.push(bar(at(fromMs), at(toMs), top, height))
    }
    if (line.isFuture === true) {
      const dash = (list: string[], fromMs: number, toMs: number): void => {
        if (toMs > fromMs && toX(fromMs) < right) list.push(outline(at(fromMs), at(toMs), top, height))
      }
      dash(parts.futureKept, startMs, keptEnd)
      dash(parts.futureHeld, keptEnd, heldEnd)
      if (endMs <= asOfMs && toX(endMs) <= right) parts.later.push(cap(toX(endMs), top, height))
      continue
    }
    draw(height > LINE_PX ? parts.kept : parts.keptLines, startMs, keptEnd)
    draw(parts.pinned, keptEnd, pinEnd)
    draw(height > LINE_PX ? parts.heldFulls : parts.heldLines, pinEnd, heldEnd)
    draw(parts.spent, heldEnd, endMs)
    const x = toX(endMs)
    if (isOverdue) parts.overdue.push(cap(x, top, height))
    else if (line.goneMs <= asOfMs && x <= right) parts.later.push(cap(x, top, height))
    if (pinMs > startMs && toX(pinMs) <= right) pins.push({ id: line.id, x: toX(pinMs), y: top + height / 2 })
  }
  return {
    kept: parts.kept.join(''),
    keptLines: parts.keptLines.join(''),
    heldFulls: parts.heldFulls.join(''),
    heldLines: parts.heldLines.join(''),
    pinned: parts.pinned.join(''),
    spent: parts.spent.join(''),
    overdue: parts.overdue.join(''),
    later: parts.later.join(''),
    futureKept: parts.futureKept.join(''),
    futureHeld: parts.futureHeld.join(''),
    pins,
  }
}

/** Where a line ends: where it would have been deleted, or now where no policy ever kept it. */
export function endOf({ startMs, goneMs }: LifeLine, nowMs: number): number {
  if (goneMs > startMs) return goneMs
  return Math.max(nowMs, startMs)
}

function bar(from: number, to: number, top: number, height: number): string {
  return `M${from.toFixed(1)} ${top}H${Math.max(from + 1, to).toFixed(1)}v${height}H${from.toFixed(1)}Z`
}

/** The box of a FULL, or the middle of a line, for dashes. */
function outline(from: number, to: number, top: number, height: number): string {
  return height > LINE_PX
    ? bar(from, to, top + 0.5, height - 1)
    : `M${from.toFixed(1)} ${top + height / 2}H${Math.max(from + 1, to).toFixed(1)}`
}

function cap(x: number, top: number, height: number): string {
  return `M${(x - CAP_PX / 2).toFixed(1)} ${top - 1}h${CAP_PX}v${height + 2}h${-CAP_PX}Z`
}
