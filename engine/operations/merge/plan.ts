import { createHash } from 'node:crypto'
import { type BackupId, backupIdFromSeconds } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { ErrorCode } from '../../base/error-codes.ts'
import { missingBackupHint } from '../../catalog/backup-not-found.ts'
import type { Backup } from '../../catalog/backup.ts'
import { chainOf, descendantsOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { mayNeed } from '../../catalog/may-need.ts'
import { type BackupControl, type BackupStatus, versionNumber } from '../../format/backup-control.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'

export type MergeRequest = {
  /** The increment that its FULL is brought up to, or the FULL. */
  readonly id: BackupId
  /** Backups of a newer writer are not touched. */
  readonly newestProgramVersion: string
}

export type MergePlan = {
  readonly kind: 'merge'
  /** Stands for the backups as they were seen: carrying out another plan is refused. */
  readonly hash: string
  /** `resume`: a merge was begun and no increment is gone; `finish`: only deleting and renaming are left. */
  readonly stage: 'start' | 'resume' | 'finish'
  /** The directory that everything is merged into. */
  readonly fullId: BackupId
  /** The name that the FULL will have. */
  readonly destinationId: BackupId
  /** What takes part and is there, the FULL first, the destination last. */
  readonly members: readonly {
    readonly id: BackupId
    readonly mode: BackupControl['mode'] | ''
    readonly dataBytes: number
  }[]
  /** Those of them that nobody can restore afterwards. */
  readonly vanishingIds: readonly BackupId[]
  /** Backups on other branches, which lose the parent that they need. */
  readonly orphanedIds: readonly BackupId[]
  /** Newer backups that may need what goes: their control file cannot be read. Left out where there are none. */
  readonly mayBeNeededBy?: readonly BackupId[]
  /** Bytes of the increments: what is read at least. */
  readonly incrementBytes: number
}

/** Why nothing can be merged. */
export type MergeRefusal = {
  readonly kind: 'refused'
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
}

type Controlled = Backup & { readonly control: BackupControl }

/** Earlier versions wrote other checksums and page records that cannot be told apart by their length. */
const OLDEST_VERSION = '2.0.25'
const MERGEABLE: ReadonlySet<BackupStatus> = new Set(['OK', 'DONE', 'MERGING'])
const ASKABLE: ReadonlySet<BackupStatus> = new Set(['OK', 'DONE', 'MERGING', 'MERGED', 'DELETING'])

/**
 * Decides what is merged into what, also after a merge that was broken off anywhere. Pure.
 * Source: `catalog-format.md` section 11.1.
 */
export function planMerge(inventory: Inventory, request: MergeRequest): MergePlan | MergeRefusal {
  const { backups, instance } = inventory
  const { id } = request
  const merged = findMerged(backups, id)
  if (merged !== undefined) return planFinish(inventory, merged, request)

  const target = backups.find((backup) => backup.id === id)
  if (target === undefined) {
    const hint = missingBackupHint(inventory, [id])
    return refuse('backup.not-found', `instance "${instance}" has no backup ${id}`, hint)
  }
  if (!isControlled(target))
    return refuse('backup.not-restorable', `backup ${id} cannot be merged: ${target.problem}`)
  const { status } = target.control
  if (!ASKABLE.has(status)) {
    const hint = status === 'ORPHAN' || status === 'CORRUPT' ? 'Validate the instance first.' : undefined
    return refuse('backup.not-restorable', `backup ${id} has status ${status} and cannot be merged`, hint)
  }
  return target.control.mode === 'FULL'
    ? planFromFull(inventory, target, request)
    : planFromIncrement(inventory, target, request)
}

/**
 * The plan, or the refusal as an exception.
 *
 * @throws {EngineError} `backup.not-found`, `backup.not-restorable`, `backup.chain-broken`, `catalog.newer-version`,
 * `plan.refused`
 */
export function requireMergePlan(inventory: Inventory, request: MergeRequest): MergePlan {
  const plan = planMerge(inventory, request)
  if (plan.kind === 'merge') return plan
  throw new EngineError(plan.code, plan.message, {
    ...(plan.hint !== undefined && { hint: plan.hint }),
    facts: { backup: request.id },
  })
}

/** A FULL that holds everything already: by the name it has, the one it was born with, or the one it will get. */
function findMerged(backups: readonly Backup[], id: BackupId): Controlled | undefined {
  return backups
    .filter(isControlled)
    .find(
      (backup) =>
        backup.control.status === 'MERGED' &&
        (backup.id === id ||
          backup.control.mergeDestinationId === id ||
          backupIdFromSeconds(backup.control.startSeconds) === id),
    )
}

function planFinish(inventory: Inventory, full: Controlled, request: MergeRequest): MergePlan | MergeRefusal {
  const destinationId = full.control.mergeDestinationId
  if (destinationId === undefined) {
    return refuse('format.damaged', `backup ${full.id} is merged but does not say into which backup`)
  }
  // The oldest that is left may have lost its control file already; it is reached through its child all the same.
  const left =
    full.id === destinationId
      ? []
      : chainOf(inventory, destinationId).backups.filter((backup) => backup.id !== full.id)
  return toPlan(inventory, [full, ...left], destinationId, 'finish', request)
}

function planFromFull(
  inventory: Inventory,
  full: Controlled,
  request: MergeRequest,
): MergePlan | MergeRefusal {
  const { status, mergeDestinationId } = full.control
  if (status === 'DELETING') return refuse('backup.not-restorable', `backup ${full.id} is being deleted`)
  if (status === 'MERGING') {
    const destination = inventory.backups.find(({ id }) => id === mergeDestinationId)
    if (destination === undefined || !isControlled(destination)) {
      return refuse(
        'backup.chain-broken',
        `backup ${mergeDestinationId}, which ${full.id} was being merged with, is gone`,
        'Delete what is left of the chain and take a new FULL backup.',
      )
    }
    return planFromIncrement(inventory, destination, request)
  }
  const children = inventory.backups.filter(({ control }) => control?.parentId === full.id)
  const [child] = children
  if (child === undefined) return refuse('plan.refused', `backup ${full.id} has no increment to merge`)
  if (children.length > 1) {
    const names = children.map(({ id }) => id).join(', ')
    return refuse(
      'plan.refused',
      `backup ${full.id} has more than one child: ${names}`,
      'Name the increment up to which to merge; the other branches are lost then.',
    )
  }
  if (!isControlled(child) || !['OK', 'DONE'].includes(child.control.status)) {
    return refuse(
      'backup.not-restorable',
      `backup ${child.id}, the only child of ${full.id}, has status ${child.control?.status ?? 'UNKNOWN'}`,
    )
  }
  return planFromIncrement(inventory, child, request)
}

function planFromIncrement(
  inventory: Inventory,
  target: Controlled,
  request: MergeRequest,
): MergePlan | MergeRefusal {
  const chain = chainOf(inventory, target.id)
  if (chain.kind === 'broken') {
    const begun = inventory.backups.find(({ control }) => control?.mergeDestinationId === target.id)
    return begun === undefined
      ? refuse(
          'backup.chain-broken',
          `the chain of backup ${target.id} is broken: ${chain.missing ?? 'a parent'} is missing`,
        )
      : refuse(
          'backup.chain-broken',
          `backup ${begun.id} was being merged with ${target.id}, but a backup between them is gone`,
          'Delete what is left of the chain and take a new FULL backup.',
        )
  }
  const members = chain.backups.filter(isControlled)
  const [full] = members
  if (full === undefined) return refuse('backup.chain-broken', `backup ${target.id} has no FULL backup`)
  const begunFor = full.control.mergeDestinationId
  if (begunFor !== undefined && begunFor !== target.id) {
    return refuse(
      'plan.refused',
      `backup ${full.id} is being merged with ${begunFor} already`,
      `Finish that first: merge -i ${begunFor}.`,
    )
  }
  for (const { id, control } of members) {
    if (!MERGEABLE.has(control.status)) {
      const hint = control.status === 'DELETING' ? 'Finish the deletion.' : 'Validate the instance first.'
      return refuse('backup.not-restorable', `backup ${id} has status ${control.status}`, hint)
    }
    if (control.blockBytes !== PAGE_BYTES || control.walBlockBytes !== PAGE_BYTES) {
      return refuse('plan.refused', `backup ${id} has blocks of another size than ${PAGE_BYTES} bytes`)
    }
  }
  const isBegun = full.control.status === 'MERGING' || target.control.status === 'MERGING'
  return toPlan(inventory, members, target.id, isBegun ? 'resume' : 'start', request)
}

/** `members` start with the FULL. */
function toPlan(
  inventory: Inventory,
  members: readonly Backup[],
  destinationId: BackupId,
  stage: MergePlan['stage'],
  request: MergeRequest,
): MergePlan | MergeRefusal {
  const refusal = refuseVersions(members, request)
  if (refusal !== undefined) return refusal
  const [full, ...increments] = members
  if (full === undefined) return refuse('backup.chain-broken', `backup ${destinationId} has no FULL backup`)
  const vanishingIds = members.map(({ id }) => id).filter((id) => id !== destinationId)
  const staying = new Set([
    ...members.map(({ id }) => id),
    ...descendantsOf(inventory, destinationId).map(({ id }) => id),
  ])
  const orphaned = new Set(
    vanishingIds
      .flatMap((id) => descendantsOf(inventory, id))
      .filter(
        ({ id, control }) => !staying.has(id) && (control?.status === 'OK' || control?.status === 'DONE'),
      )
      .map(({ id }) => id),
  )
  const seen = members.map(
    ({ id, control }) =>
      `${id} ${control?.status} ${control?.parentId} ${control?.mergeDestinationId} ${control?.contentCrc}`,
  )
  const facts = [stage, destinationId, ...seen, 'orphans', ...orphaned]
  const needy = mayNeed(
    inventory,
    members.map(({ id }) => id).filter((id) => id !== destinationId),
  )
  return {
    kind: 'merge',
    ...(needy.length > 0 && { mayBeNeededBy: needy }),
    hash: createHash('sha256').update(facts.join('\n')).digest('hex'),
    stage,
    fullId: full.id,
    destinationId,
    members: members.map(({ id, control }) => ({
      id,
      mode: control?.mode ?? '',
      dataBytes: control?.dataBytes ?? 0,
    })),
    vanishingIds,
    orphanedIds: [...orphaned],
    incrementBytes: increments.reduce((sum, { control }) => sum + (control?.dataBytes ?? 0), 0),
  }
}

function refuseVersions(
  members: readonly Backup[],
  { newestProgramVersion }: MergeRequest,
): MergeRefusal | undefined {
  const newest = versionNumber(newestProgramVersion)
  for (const { id, control } of members) {
    if (control === undefined) continue
    const version = versionNumber(control.programVersion ?? '0.0.0')
    if (version > newest) {
      return refuse(
        'catalog.newer-version',
        `backup ${id} was written by version ${control.programVersion}, which is newer than this program knows`,
      )
    }
    if (version < versionNumber(OLDEST_VERSION)) {
      return refuse(
        'plan.refused',
        `backup ${id} was written by version ${control.programVersion}; backups before ${OLDEST_VERSION} are not merged`,
        'Take a new FULL backup; the old chain can still be restored.',
      )
    }
  }
  return undefined
}

function isControlled(backup: Backup): backup is Controlled {
  return backup.control !== undefined
}

function refuse(code: ErrorCode, message: string, hint?: string): MergeRefusal {
  return { kind: 'refused', code, message, hint }
}
