import { type Lanes, lanesOf } from './chain-lanes.ts'

/** One backup, as the picture needs it. Times are Unix milliseconds. */
export type ChainBackup = {
  readonly id: string
  readonly parentId: string | undefined
  readonly fullId: string | undefined
  readonly isFull: boolean
  /** `FULL`, `DELTA`, `PAGE` or `PTRACK`. */
  readonly mode: string
  readonly status: string
  /** RUNNING, while nobody works on it. */
  readonly isStale: boolean
  readonly isPinned: boolean
  readonly atMs: number
  readonly bytes: number
  readonly restoreBytes: number
}

/** One FULL with all that hangs on it; `fullId` is undefined for backups whose FULL is missing. */
export type Chain = {
  readonly fullId: string | undefined
  /** Oldest first. */
  readonly backups: readonly ChainBackup[]
  readonly lanes: Lanes
  /** Those that are complete, oldest first. */
  readonly usable: readonly ChainBackup[]
  readonly increments: number
  readonly bytes: number
  readonly problems: number
  /** A merge was begun: its backups wait for the end of it. */
  readonly isMerging: boolean
  /** Backups that a restore of the newest usable one reads. */
  readonly tipLength: number
  readonly firstMs: number
  readonly lastMs: number
  /** Where the line of the FULL ends. */
  readonly lineMs: number
}

/** One thing that is drawn: a backup, or several that lie in the same three pixels. */
export type Mark = {
  readonly ids: readonly string[]
  readonly x: number
  readonly width: number
  readonly height: number
  readonly lane: number
  readonly kind: 'full' | 'tick' | 'problem'
  /** To the nearest mark of the lane; the more there is, the more can be said of one. */
  readonly roomPx: number
  /** The worst of its backups. */
  readonly worst: ChainBackup
  readonly bytes: number
  readonly fromMs: number
  readonly toMs: number
}

/** A chain with what is drawn of it. */
export type ChainRow = Chain & {
  readonly marks: readonly Mark[]
  /** Corners of the restore-weight area: x and height. */
  readonly weight: readonly (readonly [x: number, height: number])[]
}

export const BIN_PX = 3
export const FULL_PX = 12
export const PROBLEM_PX = 9
export const MARK_PX = 34
export const WEIGHT_PX = 12
const SMALLEST_PX = 3
/** So high the largest increment is at least. */
const INCREMENT_PX = 16
const MOST_WEIGHT_CORNERS = 120

/** What is drawn of many chains, and what stays folded up. */
export type NewestChains = {
  readonly shown: readonly Chain[]
  readonly olderCount: number
  readonly olderBytes: number
  readonly olderPinned: number
}

/**
 * The newest `most` chains, the one with `selectedId`, and backups that lost their FULL; what is older is only counted. So
 * the picture spans the time of what it shows, and costs the same however long the history is. With a `range` only chains
 * that reach into it are shown.
 */
export function newestChains(
  chains: readonly Chain[],
  most: number,
  selectedId: string | undefined,
  range: readonly [fromMs: number, toMs: number] = [-Infinity, Infinity],
): NewestChains {
  const reaching = chains.filter(({ firstMs, lastMs }) => firstMs <= range[1] && lastMs >= range[0])
  const shown = reaching.filter(
    ({ fullId, backups }, index) =>
      index < most || fullId === undefined || backups.some(({ id }) => id === selectedId),
  )
  const isShown = new Set(shown)
  const newestMs = shown.reduce((newest, { firstMs }) => Math.max(newest, firstMs), -Infinity)
  const older = chains.filter((chain) => !isShown.has(chain) && chain.firstMs < newestMs)
  return {
    shown,
    olderCount: older.length,
    olderBytes: older.reduce((sum, { bytes }) => sum + bytes, 0),
    olderPinned: older.flatMap(({ backups }) => backups).filter(({ isPinned }) => isPinned).length,
  }
}

const BADNESS: Readonly<Record<string, number>> = {
  CORRUPT: 6,
  ERROR: 5,
  UNKNOWN: 4,
  ORPHAN: 3,
  MERGING: 2,
  MERGED: 2,
  DELETING: 2,
  RUNNING: 1,
  DONE: 0.5,
}

/** How much a backup needs to be looked at: from 1 on it is drawn as a problem, below that it is only less than OK. */
export function badnessOf({ status, isStale }: ChainBackup): number {
  return isStale ? 2 : (BADNESS[status] ?? 0)
}

/** Whether a mark is never merged with its neighbours: problems, pins and what runs must stay visible. */
export function standsAlone(backup: ChainBackup): boolean {
  return backup.isFull || backup.isPinned || badnessOf(backup) >= 1
}

/** The chains of an instance, the newest first and what lost its FULL last. Pure, and about linear in the backups. */
export function chainsFrom(backups: readonly ChainBackup[]): readonly Chain[] {
  const chains = [...Map.groupBy(backups, ({ fullId }) => fullId)].map(([fullId, members]) =>
    chainFrom(fullId, members),
  )
  return chains.sort(
    (a, b) => Number(a.fullId === undefined) - Number(b.fullId === undefined) || b.firstMs - a.firstMs,
  )
}

function chainFrom(fullId: string | undefined, members: readonly ChainBackup[]): Chain {
  const ordered = members.toSorted((a, b) => a.atMs - b.atMs)
  const lanes = lanesOf(ordered)
  const usable = ordered.filter(({ status }) => status === 'OK' || status === 'DONE')
  const tip = usable.at(-1)
  const firstMs = ordered[0]?.atMs ?? 0
  return {
    fullId,
    backups: ordered,
    lanes,
    usable,
    increments: ordered.filter(({ isFull }) => !isFull).length,
    bytes: ordered.reduce((sum, { bytes }) => sum + bytes, 0),
    problems: ordered.filter((backup) => badnessOf(backup) > 1).length,
    isMerging: ordered.some(({ status }) => status === 'MERGING' || status === 'MERGED'),
    tipLength: tip === undefined ? 0 : depthOf(tip, ordered),
    firstMs,
    lastMs: ordered.at(-1)?.atMs ?? 0,
    lineMs: ordered.findLast(({ id }) => lanes.laneOf.get(id) === 0)?.atMs ?? firstMs,
  }
}

/**
 * Lays chains out: x is time, height the square root of the bytes, of a FULL among the FULLs. Backups that fall into the same three pixels become
 * one mark with the worst status of them; what lies outside of `view` is left out. Pure, and linear in the backups.
 */
export function layOutChains(
  chains: readonly Chain[],
  toX: (ms: number) => number,
  selectedId: string | undefined,
  view: readonly [fromX: number, toX: number] = [-Infinity, Infinity],
): readonly ChainRow[] {
  let mostBytes = 1
  let mostIncrement = 1
  let mostWeight = 1
  for (const { backups } of chains) {
    for (const { bytes, restoreBytes, isFull } of backups) {
      mostBytes = Math.max(mostBytes, bytes)
      if (!isFull) mostIncrement = Math.max(mostIncrement, bytes)
      mostWeight = Math.max(mostWeight, restoreBytes)
    }
  }
  // Beside a large FULL every increment would be of the smallest height.
  const incrementPx = Math.max(INCREMENT_PX, Math.sqrt(mostIncrement / mostBytes) * MARK_PX)
  const heightOf = ({ bytes, isFull }: Pick<ChainBackup, 'bytes' | 'isFull'>): number =>
    Math.max(
      SMALLEST_PX,
      isFull ? Math.sqrt(bytes / mostBytes) * MARK_PX : Math.sqrt(bytes / mostIncrement) * incrementPx,
    )
  const scale = { toX, selectedId, heightOf, mostWeight, view }
  return chains.map((chain) => ({ ...chain, marks: marksOf(chain, scale), weight: weightOf(chain, scale) }))
}

type Scale = {
  readonly toX: (ms: number) => number
  readonly selectedId: string | undefined
  readonly heightOf: (backup: Pick<ChainBackup, 'bytes' | 'isFull'>) => number
  readonly mostWeight: number
  readonly view: readonly [fromX: number, toX: number]
}

function marksOf({ backups, lanes }: Chain, scale: Scale): readonly Mark[] {
  const marks: Mark[] = []
  const bins = new Map<number, { readonly at: number; readonly x: number; readonly backups: ChainBackup[] }>()
  const closeBin = (lane: number): void => {
    const bin = bins.get(lane)
    const [first] = bin?.backups ?? []
    if (bin === undefined || first === undefined) return
    bins.delete(lane)
    marks.push({
      ids: bin.backups.map(({ id }) => id),
      x: bin.x,
      width: BIN_PX - 0.6,
      height: bin.backups.reduce((most, one) => Math.max(most, scale.heightOf(one)), 0),
      lane,
      kind: 'tick',
      roomPx: 0,
      worst: bin.backups.reduce((worst, one) => (badnessOf(one) > badnessOf(worst) ? one : worst), first),
      bytes: bin.backups.reduce((sum, { bytes }) => sum + bytes, 0),
      fromMs: first.atMs,
      toMs: bin.backups.at(-1)?.atMs ?? first.atMs,
    })
  }
  for (const backup of backups) {
    const lane = lanes.laneOf.get(backup.id)
    const x = scale.toX(backup.atMs)
    if (lane === undefined || x < scale.view[0] || x > scale.view[1]) continue
    if (standsAlone(backup) || backup.id === scale.selectedId) {
      closeBin(lane)
      marks.push({
        ids: [backup.id],
        x,
        width: backup.isFull ? FULL_PX : PROBLEM_PX,
        height: scale.heightOf(backup),
        lane,
        kind: backup.isFull ? 'full' : badnessOf(backup) >= 1 ? 'problem' : 'tick',
        roomPx: 0,
        worst: backup,
        bytes: backup.bytes,
        fromMs: backup.atMs,
        toMs: backup.atMs,
      })
      continue
    }
    const at = Math.floor(x / BIN_PX)
    if (bins.get(lane)?.at !== at) {
      closeBin(lane)
      bins.set(lane, { at, x, backups: [] })
    }
    bins.get(lane)?.backups.push(backup)
  }
  for (const lane of bins.keys()) closeBin(lane)
  return withRoom(marks.sort((a, b) => a.x - b.x))
}

/** Says of each mark how far its neighbours are. The marks are ordered by x. */
function withRoom(marks: readonly Mark[]): readonly Mark[] {
  const rooms = new Map<Mark, number>()
  const lastOfLane = new Map<number, Mark>()
  for (const mark of marks) {
    const before = lastOfLane.get(mark.lane)
    const distance = before === undefined ? Infinity : mark.x - before.x
    if (before !== undefined) rooms.set(before, Math.min(rooms.get(before) ?? Infinity, distance))
    rooms.set(mark, distance)
    lastOfLane.set(mark.lane, mark)
  }
  return marks.map((mark) => ({ ...mark, roomPx: rooms.get(mark) ?? Infinity }))
}

function depthOf(tip: ChainBackup, members: readonly ChainBackup[]): number {
  const byId = new Map(members.map((one) => [one.id, one]))
  let depth = 0
  for (let at: ChainBackup | undefined = tip; at !== undefined && depth <= members.length; depth++) {
    at = at.parentId === undefined ? undefined : byId.get(at.parentId)
  }
  return depth
}

/** The area under a row: what a restore of each moment must read, thinned to what a screen can show. */
function weightOf({ usable }: Chain, { toX, mostWeight }: Scale): ChainRow['weight'] {
  const step = Math.max(1, Math.floor(usable.length / MOST_WEIGHT_CORNERS))
  return usable
    .filter((_, index) => index % step === 0 || index === usable.length - 1)
    .map(({ atMs, restoreBytes }) => [toX(atMs), (restoreBytes / mostWeight) * WEIGHT_PX] as const)
}
