import { createHash } from 'node:crypto'
import type { BackupId } from '../../base/backup-id.ts'
import {
  backupFates,
  type BackupFate,
  type RetentionRule,
  type RetentionVerdict,
  verdictAt,
  windowStart,
} from '../../base/retention.ts'
import { expiredChains, type UnmergedChain } from '../../base/retention-merges.ts'
import { reasonAt, type RetentionReason } from '../../base/retention-reasons.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { backupsAfter, type FullPolicy, retainedBackups } from '../../catalog/retention.ts'
import { checkPromise, type PromiseCheck } from '../../catalog/retention-promise.ts'
import type { SegmentDefect, SegmentTimes } from '../../catalog/recovery-input.ts'
import { storedBytes } from '../../catalog/stored-bytes.ts'
import type { WalArchive } from '../../catalog/wal-archive.ts'
import { archiveAfter, planWalPurge, type TimelinePurge } from '../../catalog/wal-retention.ts'

export type RetentionRequest = {
  readonly policy: FullPolicy
  readonly rule: RetentionRule
  readonly nowSeconds: number
  readonly deletesExpired: boolean
  readonly mergesExpired: boolean
  readonly purgesWal: boolean
}

/** What a merge would do, as far as retention asks: the plan of that verb, or why it will not. */
export type AskedMerge =
  | {
      readonly kind: 'merge'
      readonly hash: string
      readonly members: readonly { readonly id: BackupId }[]
      readonly vanishingIds: readonly BackupId[]
    }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }

export type RetentionFacts = {
  readonly inventory: Inventory
  readonly archive: WalArchive
  /** What was read of the WAL, where an index has it. */
  readonly times?: readonly SegmentTimes[]
  readonly defects?: readonly SegmentDefect[]
  /** The plan of a merge up to a backup. Pure; one verb does not know another. */
  planMerge(inventory: Inventory, id: BackupId): AskedMerge
}

export type JudgedBackup = {
  readonly fate: BackupFate
  readonly verdict: RetentionVerdict
  readonly reason: RetentionReason
}

export type PlannedMerge = {
  readonly destinationId: BackupId
  /** The FULL first, the destination last. */
  readonly ids: readonly BackupId[]
  /** Why it is not merged; its backups stay as they are. */
  readonly refusal: { readonly code: string; readonly message: string } | undefined
}

export type RetentionPlan = {
  /** Stands for what would be done: carrying out another plan is refused. */
  readonly hash: string
  readonly request: RetentionRequest
  /** Newest first. */
  readonly backups: readonly JudgedBackup[]
  /** In the order of deletion: newest first, so that a backup goes after those that need it. */
  readonly deletes: readonly BackupId[]
  readonly freedBytes: number
  readonly merges: readonly PlannedMerge[]
  /** Expired chains that are not merged since several branches of them are kept. */
  readonly unmerged: readonly UnmergedChain[]
  /** Empty unless the request asks to purge WAL. */
  readonly wal: readonly TimelinePurge[]
  readonly promise: PromiseCheck
}

/** Decides what a policy does to an instance: verdicts, deletions, merges, WAL. Pure. */
export function planRetention(facts: RetentionFacts, request: RetentionRequest): RetentionPlan {
  const { inventory, archive, times = [], defects = [] } = facts
  const { nowSeconds, policy, rule } = request
  const fates = backupFates(retainedBackups(inventory), policy, rule)
  const { merges, unmerged } = planMerges(facts, fates, request)
  const going = merges.filter(({ refusal }) => refusal === undefined)
  const mergedInto = new Map(
    going.flatMap(({ ids, destinationId }) => ids.slice(0, -1).map((id) => [id, destinationId] as const)),
  )
  const backups = fates.map((fate): JudgedBackup => {
    const into = mergedInto.get(fate.backup.id)
    return into === undefined
      ? { fate, verdict: verdictAt(fate, nowSeconds), reason: reasonAt(fate, policy, nowSeconds) }
      : { fate, verdict: 'will-go', reason: { code: 'merged-into', values: { id: into } } }
  })
  const deletes = request.deletesExpired
    ? childrenFirst(
        backups.filter(({ verdict, fate }) => verdict === 'will-go' && !mergedInto.has(fate.backup.id)),
      )
    : []
  const goneIds = new Set<BackupId>([...deletes, ...mergedInto.keys()])
  // The one that is left of a merge that was begun is the FULL still; it only gets its name.
  const mergedIds = new Set(
    going.flatMap(({ ids, destinationId }) => [destinationId, ...(ids.length === 1 ? ids : [])]),
  )
  const left = backupsAfter(inventory, goneIds, mergedIds)
  const wal = request.purgesWal ? planWalPurge(archive, left, policy.walDepth, nowSeconds) : []
  const goneFiles = new Set(wal.flatMap(({ files }) => files.map(({ name }) => name)))
  const before = { backups: inventory.backups, archive, times, defects }
  const isIdle = goneIds.size === 0 && goneFiles.size === 0
  const after = isIdle ? before : { ...before, backups: left, archive: archiveAfter(archive, goneFiles) }
  const promise = checkPromise(before, after, windowStart(policy, rule, nowSeconds))
  const deleted = new Set(deletes)
  return {
    hash: hashOf(inventory, deletes, merges, goneFiles, promise),
    request,
    backups,
    deletes,
    freedBytes: inventory.backups
      .filter(({ id }) => deleted.has(id))
      .reduce((sum, backup) => sum + storedBytes(backup), 0),
    merges,
    unmerged,
    wal,
    promise,
  }
}

function planMerges(
  { inventory, planMerge }: RetentionFacts,
  fates: readonly BackupFate[],
  { mergesExpired, nowSeconds, policy }: RetentionRequest,
): { readonly merges: readonly PlannedMerge[]; readonly unmerged: readonly UnmergedChain[] } {
  if (!mergesExpired || (policy.redundancy === 0 && policy.windowDays === 0))
    return { merges: [], unmerged: [] }
  const { chains, unmerged } = expiredChains(fates, nowSeconds)
  // A merge that was broken off at its end: whatever the policy says of it by now, it is to be finished.
  const begun = inventory.backups.flatMap(({ id, control }) =>
    control?.status === 'MERGED' && control.mergeDestinationId !== undefined
      ? [{ ids: [id], destinationId: control.mergeDestinationId }]
      : [],
  )
  const begunFor = new Set(begun.map(({ destinationId }) => destinationId))
  const all = [...begun, ...chains.filter(({ destinationId }) => !begunFor.has(destinationId))]
  return {
    unmerged,
    merges: all.map(({ ids, destinationId }): PlannedMerge => {
      const asked = planMerge(inventory, destinationId)
      const refusal = asked.kind === 'refused' ? { code: asked.code, message: asked.message } : undefined
      return { destinationId, ids, refusal }
    }),
  }
}

/** Newest first, and whatever the times say, a backup after those that need it. */
function childrenFirst(backups: readonly JudgedBackup[]): readonly BackupId[] {
  const ids = new Set(backups.map(({ fate }) => fate.backup.id))
  const children = new Map<BackupId, BackupId[]>()
  for (const { fate } of backups) {
    const { id, parentId, mode } = fate.backup
    if (mode === 'FULL' || parentId === undefined || !ids.has(parentId)) continue
    children.set(parentId, [...(children.get(parentId) ?? []), id])
  }
  const order: BackupId[] = []
  const seen = new Set<BackupId>()
  for (const { fate } of backups) {
    const stack = [{ id: fate.backup.id, isDone: false }]
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.isDone) order.push(top.id)
      if (top.isDone || seen.has(top.id)) continue
      seen.add(top.id)
      stack.push({ id: top.id, isDone: true })
      for (const id of children.get(top.id) ?? []) stack.push({ id, isDone: false })
    }
  }
  return order
}

/** What is done, to what, and what it breaks. What stays may change: a server goes on archiving. */
function hashOf(
  inventory: Inventory,
  deletes: readonly BackupId[],
  merges: readonly PlannedMerge[],
  files: ReadonlySet<string>,
  { broken }: PromiseCheck,
): string {
  const controls = new Map(inventory.backups.map(({ id, control }) => [id, control]))
  const seen = (id: BackupId): string => {
    const control = controls.get(id)
    return `${id} ${control?.status} ${control?.parentId} ${control?.contentCrc} ${control?.expireSeconds}`
  }
  const lines = [
    ...deletes.map((id) => `delete ${seen(id)}`),
    ...merges.flatMap(({ ids, refusal }) =>
      refusal === undefined ? [`merge ${ids.map(seen).join(', ')}`] : [],
    ),
    ...[...files].map((name) => `purge ${name}`),
    ...broken.map((promise) => `breaks ${promise}`),
  ]
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}
