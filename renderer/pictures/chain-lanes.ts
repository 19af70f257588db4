/** What lanes need to know of a backup. */
export type LaneBackup = {
  readonly id: string
  readonly parentId: string | undefined
  readonly status: string
  readonly atMs: number
}

/** A line that leaves the one of its parent: from there to its first backup, and on to its last. */
export type Branch = {
  readonly parentId: string
  readonly firstId: string
  readonly lane: number
  readonly parentMs: number
  readonly firstMs: number
  readonly lastMs: number
  /** Its first backup cannot be used, and so nothing of it can. */
  readonly isBroken: boolean
}

export type Lanes = {
  /** 0 is the line of the FULL. Backups beyond the last lane are not in here. */
  readonly laneOf: ReadonlyMap<string, number>
  readonly count: number
  readonly branches: readonly Branch[]
  /** Backups for which no lane was left. */
  readonly hiddenCount: number
}

const MOST_LANES = 3

/**
 * Gives the backups of one chain their lanes. The line that goes on to a usable backup keeps the lane of its parent; its
 * siblings drop into the first free lane below. A failed attempt on which nothing hangs stays where it was made.
 *
 * @param ordered of one chain, from the oldest to the newest
 */
export function lanesOf(ordered: readonly LaneBackup[]): Lanes {
  const byId = new Map(ordered.map((backup) => [backup.id, backup]))
  const heirs = heirsOf(ordered)
  const parents = new Set(ordered.flatMap(({ parentId }) => parentId ?? []))
  const branchIdOf = new Map<string, string | undefined>()
  const lastMs = new Map<string, number>()
  for (const { id, parentId, status, atMs } of ordered) {
    const parent = parentId === undefined ? undefined : byId.get(parentId)
    const isAttempt = status === 'ERROR' && !parents.has(id)
    const leaves = parent !== undefined && !isAttempt && heirs.get(parent.id) !== id
    const branchId = leaves ? id : parent === undefined ? undefined : branchIdOf.get(parent.id)
    branchIdOf.set(id, branchId)
    if (branchId !== undefined) lastMs.set(branchId, atMs)
  }

  const laneOf = new Map<string, number>()
  const branches: Branch[] = []
  const busyUntil: number[] = []
  let count = 1
  for (const { id, parentId, status, atMs } of ordered) {
    const branchId = branchIdOf.get(id)
    const parent = parentId === undefined ? undefined : byId.get(parentId)
    if (branchId === undefined || parent === undefined) {
      laneOf.set(id, 0)
      continue
    }
    if (branchId !== id) {
      const lane = laneOf.get(parent.id)
      if (lane !== undefined) laneOf.set(id, lane)
      continue
    }
    const parentLane = laneOf.get(parent.id)
    if (parentLane === undefined) continue
    let lane = parentLane + 1
    while (lane < MOST_LANES && (busyUntil[lane] ?? -Infinity) >= atMs) lane++
    if (lane >= MOST_LANES) continue
    const end = lastMs.get(id) ?? atMs
    busyUntil[lane] = end
    laneOf.set(id, lane)
    count = Math.max(count, lane + 1)
    const isBroken = !isUsable(status)
    branches.push({
      parentId: parent.id,
      firstId: id,
      lane,
      parentMs: parent.atMs,
      firstMs: atMs,
      lastMs: end,
      isBroken,
    })
  }
  return { laneOf, count, branches, hiddenCount: ordered.length - laneOf.size }
}

/** The child that goes on with the line of each parent: the last usable one, or else the first that is no mere attempt. */
function heirsOf(ordered: readonly LaneBackup[]): ReadonlyMap<string, string> {
  const heirs = new Map<string, string>()
  const fallbacks = new Map<string, string>()
  for (const { id, parentId, status } of ordered) {
    if (parentId === undefined) continue
    if (isUsable(status)) heirs.set(parentId, id)
    else if (!fallbacks.has(parentId) && status !== 'ERROR') fallbacks.set(parentId, id)
  }
  for (const [parentId, id] of fallbacks) if (!heirs.has(parentId)) heirs.set(parentId, id)
  return heirs
}

/** Whether a line may go on with it: what runs may become usable, and what is being merged is part of the line. */
function isUsable(status: string): boolean {
  return ['OK', 'DONE', 'RUNNING', 'MERGING', 'MERGED'].includes(status)
}
