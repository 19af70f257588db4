import type { BackupId } from '../base/backup-id.ts'
import type { Backup } from './backup.ts'
import type { Inventory } from './inventory.ts'

/** What a backup needs to be restored. */
export type Chain =
  /** FULL first, the backup itself last. */
  | { readonly kind: 'whole'; readonly backups: readonly Backup[] }
  /**
   * There is no FULL: `missing` is not there, or else the oldest cannot be read or its parents go in a circle. `backups`
   * are those that are there, the backup itself last.
   */
  | { readonly kind: 'broken'; readonly missing: BackupId | undefined; readonly backups: readonly Backup[] }

/** Follows the parents of a backup to its FULL. A circle of parents counts as broken. */
export function chainOf(inventory: Pick<Inventory, 'backups'>, id: BackupId): Chain {
  return followParents(byId(inventory), id)
}

/** A chain in the few words that lists need. */
export type ChainSummary = {
  /** The FULL at its root; undefined when the chain is broken. */
  readonly fullId: BackupId | undefined
  /** Backups that a restore reads, this one included; 0 when the chain is broken. */
  readonly length: number
  /** OK or DONE, and every ancestor as well. */
  readonly isUsable: boolean
  /** Bytes of pages that a restore reads. */
  readonly bytes: number
  /** The timeline of the parent; 0 for a FULL. */
  readonly parentTimeline: number
}

/** The chain of every backup. Each is made from its parent's, so ten thousand backups cost ten thousand steps. */
export function chainsOf(inventory: Pick<Inventory, 'backups'>): ReadonlyMap<BackupId, ChainSummary> {
  const backups = byId(inventory)
  const summaries = new Map<BackupId, ChainSummary>()
  const broken: ChainSummary = { fullId: undefined, length: 0, isUsable: false, bytes: 0, parentTimeline: 0 }
  // Oldest first: a parent is always older than its child.
  for (const backup of inventory.backups.toReversed()) {
    const { id, control } = backup
    if (control === undefined) {
      summaries.set(id, broken)
      continue
    }
    const own = control.status === 'OK' || control.status === 'DONE'
    const bytes = control.dataBytes ?? 0
    if (control.mode === 'FULL') {
      summaries.set(id, { fullId: id, length: 1, isUsable: own, bytes, parentTimeline: 0 })
      continue
    }
    const parent = control.parentId === undefined ? undefined : summaries.get(control.parentId)
    const parentTimeline =
      control.parentId === undefined ? 0 : (backups.get(control.parentId)?.control?.timeline ?? 0)
    if (parent === undefined || parent.fullId === undefined)
      summaries.set(id, { ...broken, bytes, parentTimeline })
    else {
      summaries.set(id, {
        fullId: parent.fullId,
        length: parent.length + 1,
        isUsable: own && parent.isUsable,
        bytes: parent.bytes + bytes,
        parentTimeline,
      })
    }
  }
  return summaries
}

/** All that hang on these backups and are none of them, oldest first. */
export function descendantsOf(
  { backups }: Pick<Inventory, 'backups'>,
  ...ids: readonly BackupId[]
): readonly Backup[] {
  const children = childrenOf(backups)
  const found = new Set<BackupId>(ids)
  const places: number[] = []
  const ways: BackupId[] = [...ids]
  for (let id = ways.pop(); id !== undefined; id = ways.pop()) {
    for (const place of children.get(id) ?? []) {
      const child = backups[place]
      if (child === undefined || found.has(child.id)) continue
      found.add(child.id)
      places.push(place)
      ways.push(child.id)
    }
  }
  return places.sort((a, b) => b - a).flatMap((place) => backups[place] ?? [])
}

const knownChildren = new WeakMap<readonly Backup[], ReadonlyMap<BackupId, readonly number[]>>()

/** Places of the children of each backup, made once for an inventory: a plan asks for those of many backups. */
function childrenOf(backups: readonly Backup[]): ReadonlyMap<BackupId, readonly number[]> {
  const known = knownChildren.get(backups)
  if (known !== undefined) return known
  const children = new Map<BackupId, number[]>()
  for (const [place, { control }] of backups.entries()) {
    if (control?.parentId === undefined) continue
    const siblings = children.get(control.parentId)
    if (siblings === undefined) children.set(control.parentId, [place])
    else siblings.push(place)
  }
  knownChildren.set(backups, children)
  return children
}

function followParents(backups: ReadonlyMap<BackupId, Backup>, id: BackupId): Chain {
  const chain: Backup[] = []
  const seen = new Set<BackupId>()
  for (let next: BackupId | undefined = id; ;) {
    const backup: Backup | undefined = next === undefined || seen.has(next) ? undefined : backups.get(next)
    if (backup === undefined) {
      const isCircle = next !== undefined && seen.has(next)
      return { kind: 'broken', missing: isCircle ? undefined : next, backups: chain.toReversed() }
    }
    seen.add(backup.id)
    chain.push(backup)
    if (backup.control?.mode === 'FULL') return { kind: 'whole', backups: chain.toReversed() }
    next = backup.control?.parentId
  }
}

const knownIds = new WeakMap<readonly Backup[], ReadonlyMap<BackupId, Backup>>()

function byId({ backups }: Pick<Inventory, 'backups'>): ReadonlyMap<BackupId, Backup> {
  const known = knownIds.get(backups)
  if (known !== undefined) return known
  const made = new Map(backups.map((backup) => [backup.id, backup]))
  knownIds.set(backups, made)
  return made
}
