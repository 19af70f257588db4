/** One backup, as the picture needs it. Times are Unix milliseconds. */
export type ChainBackup = {
  readonly id: string
  readonly parentId: string | undefined
  readonly fullId: string | undefined
  readonly isFull: boolean
  /** `FULL`, `DELTA`, `PAGE` or `PTRACK`. */
  readonly mode: string
  readonly status: string
  readonly isStale: boolean
  readonly isPinned: boolean
  readonly atMs: number
  readonly bytes: number
  readonly restoreBytes: number
}

/** One thing that is drawn: a backup, or several that lie in the same three pixels. */
export type Mark = {
  readonly ids: readonly string[]
  readonly x: number
  readonly width: number
  readonly height: number
  readonly lane: number
  readonly kind: 'full' | 'tick' | 'problem'
  /** To the nearest mark of the row; the more there is, the more can be said of one. */
  readonly roomPx: number
  /** The worst of its backups. */
  readonly worst: ChainBackup
  readonly bytes: number
}

/** One FULL with all that hangs on it; `fullId` is undefined for backups whose FULL is missing. */
export type ChainRow = {
  readonly fullId: string | undefined
  readonly backups: readonly ChainBackup[]
  readonly increments: number
  readonly bytes: number
  readonly problems: number
  /** Backups that a restore of the newest usable one reads. */
  readonly tipLength: number
  readonly firstMs: number
  readonly lastMs: number
  readonly marks: readonly Mark[]
  /** Corners of the restore-weight area: x and height. */
  readonly weight: readonly (readonly [number, number])[]
  readonly laneCount: number
}

export const BIN_PX = 3
export const FULL_PX = 12
export const PROBLEM_PX = 9
export const MARK_PX = 34
export const WEIGHT_PX = 12
const SMALLEST_PX = 3
const MOST_LANES = 3
const MOST_WEIGHT_CORNERS = 120

/** What is drawn of many chains, and what stays folded up. */
export type NewestChains = {
  readonly shown: readonly ChainBackup[]
  readonly olderCount: number
  readonly olderBytes: number
}

/**
 * The newest `most` chains, the one with `selectedId`, and backups that lost their FULL; the rest is only counted. So the
 * picture spans the time of what it shows, and costs the same however long the history is.
 */
export function newestChains(
  backups: readonly ChainBackup[],
  most: number,
  selectedId: string | undefined,
): NewestChains {
  const chains = [...Map.groupBy(backups, ({ fullId }) => fullId)].map(([fullId, members]) => ({
    fullId,
    members,
    firstMs: members.reduce((least, { atMs }) => Math.min(least, atMs), Infinity),
  }))
  chains.sort((a, b) => b.firstMs - a.firstMs)
  const isShown = ({ fullId, members }: (typeof chains)[number], index: number): boolean =>
    index < most || fullId === undefined || members.some(({ id }) => id === selectedId)
  const older = chains.filter((chain, index) => !isShown(chain, index))
  return {
    shown: chains.filter(isShown).flatMap(({ members }) => members),
    olderCount: older.length,
    olderBytes: older.flatMap(({ members }) => members).reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

const BADNESS: Readonly<Record<string, number>> = {
  CORRUPT: 6,
  ERROR: 5,
  UNKNOWN: 4,
  ORPHAN: 3,
  MERGING: 2,
  DELETING: 2,
  RUNNING: 1,
}

/** Whether a mark is never merged with its neighbours: problems, pins and what runs must stay visible. */
export function standsAlone({ status, isStale, isPinned, isFull }: ChainBackup): boolean {
  return isFull || isStale || isPinned || (BADNESS[status] ?? 0) > 0
}

/**
 * Lays chains out: one row for each FULL, newest on top; x is time, height the square root of the bytes. Backups that
 * fall into the same three pixels become one mark with the worst status of them. Pure, and linear in the backups.
 */
export function layOutChains(
  backups: readonly ChainBackup[],
  toX: (ms: number) => number,
  selectedId: string | undefined,
): readonly ChainRow[] {
  const groups = Map.groupBy(backups, ({ fullId }) => fullId)
  const mostBytes = backups.reduce((most, { bytes }) => Math.max(most, bytes), 1)
  const mostWeight = backups.reduce((most, { restoreBytes }) => Math.max(most, restoreBytes), 1)
  const rows = [...groups].map(([fullId, members]) =>
    layOutRow(fullId, members, { toX, selectedId, mostBytes, mostWeight }),
  )
  return rows.sort(
    (a, b) => Number(a.fullId === undefined) - Number(b.fullId === undefined) || b.firstMs - a.firstMs,
  )
}

type Scale = {
  readonly toX: (ms: number) => number
  readonly selectedId: string | undefined
  readonly mostBytes: number
  readonly mostWeight: number
}

function layOutRow(fullId: string | undefined, members: readonly ChainBackup[], scale: Scale): ChainRow {
  const ordered = members.toSorted((a, b) => a.atMs - b.atMs)
  const lanes = laneOf(ordered)
  const height = (bytes: number): number =>
    Math.max(SMALLEST_PX, Math.sqrt(bytes / scale.mostBytes) * MARK_PX)
  const marks: Mark[] = []
  let bin: { readonly key: string; backups: ChainBackup[] } | undefined
  const closeBin = (): void => {
    const [first] = bin?.backups ?? []
    if (bin === undefined || first === undefined) return
    const bytes = bin.backups.reduce((sum, one) => sum + one.bytes, 0)
    marks.push({
      ids: bin.backups.map(({ id }) => id),
      x: scale.toX(first.atMs),
      width: BIN_PX - 0.6,
      height: height(Math.max(...bin.backups.map((one) => one.bytes))),
      lane: lanes.get(first.id) ?? 0,
      kind: 'tick',
      roomPx: 0,
      worst: first,
      bytes,
    })
    bin = undefined
  }
  for (const backup of ordered) {
    const x = scale.toX(backup.atMs)
    const lane = lanes.get(backup.id) ?? 0
    if (standsAlone(backup) || backup.id === scale.selectedId) {
      closeBin()
      marks.push({
        ids: [backup.id],
        x,
        width: backup.isFull ? FULL_PX : PROBLEM_PX,
        height: height(backup.bytes),
        lane,
        kind: backup.isFull ? 'full' : (BADNESS[backup.status] ?? 0) > 0 ? 'problem' : 'tick',
        roomPx: 0,
        worst: backup,
        bytes: backup.bytes,
      })
      continue
    }
    const key = `${lane} ${Math.floor(x / BIN_PX)}`
    if (bin?.key !== key) {
      closeBin()
      bin = { key, backups: [] }
    }
    bin.backups.push(backup)
  }
  closeBin()
  for (const [index, mark] of marks.entries()) {
    const before = marks[index - 1]
    const after = marks[index + 1]
    const roomPx = Math.min(
      before === undefined ? Infinity : mark.x - before.x,
      after === undefined ? Infinity : after.x - mark.x,
    )
    marks[index] = { ...mark, roomPx }
  }

  const usable = ordered.filter(({ status }) => status === 'OK' || status === 'DONE')
  const tip = usable.at(-1)
  const first = ordered[0]
  return {
    fullId,
    backups: ordered,
    increments: ordered.filter(({ isFull }) => !isFull).length,
    bytes: ordered.reduce((sum, { bytes }) => sum + bytes, 0),
    problems: ordered.filter(({ status, isStale }) => isStale || (BADNESS[status] ?? 0) > 1).length,
    tipLength: tip === undefined ? 0 : depthOf(tip, ordered),
    firstMs: first?.atMs ?? 0,
    lastMs: ordered.at(-1)?.atMs ?? 0,
    marks,
    weight: weightOf(usable, scale),
    laneCount: Math.max(1, ...[...lanes.values()].map((lane) => lane + 1)),
  }
}

/** A child taken after its sibling drops into a lane of its own; broken backups hang below the line they broke from. */
function laneOf(ordered: readonly ChainBackup[]): ReadonlyMap<string, number> {
  const lanes = new Map<string, number>()
  const heirs = new Map<string, string>()
  // The child from which the longest line of usable backups goes on keeps the lane of its parent: that is the last.
  for (const { id, parentId, status } of ordered) {
    if (parentId !== undefined && (status === 'OK' || status === 'DONE' || status === 'RUNNING'))
      heirs.set(parentId, id)
  }
  for (const { id, parentId } of ordered) {
    const parentLane = parentId === undefined ? 0 : (lanes.get(parentId) ?? 0)
    const isHeir = parentId === undefined || !heirs.has(parentId) || heirs.get(parentId) === id
    lanes.set(id, Math.min(MOST_LANES - 1, isHeir ? parentLane : parentLane + 1))
  }
  return lanes
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
function weightOf(usable: readonly ChainBackup[], { toX, mostWeight }: Scale): ChainRow['weight'] {
  const step = Math.max(1, Math.floor(usable.length / MOST_WEIGHT_CORNERS))
  return usable
    .filter((_, index) => index % step === 0 || index === usable.length - 1)
    .map(({ atMs, restoreBytes }) => [toX(atMs), (restoreBytes / mostWeight) * WEIGHT_PX] as const)
}
