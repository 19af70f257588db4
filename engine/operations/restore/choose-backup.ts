import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLocalMs } from '../../base/local-time.ts'
import { formatLsn } from '../../base/lsn.ts'
import { backupNotFound } from '../../catalog/backup-not-found.ts'
import type { Backup } from '../../catalog/backup.ts'
import { chainOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { type RecoveryPath, recoveryPath } from '../../catalog/recovery-path.ts'
import type { ReadTarget, TargetTimeline } from '../../catalog/recovery-target.ts'
import type { PathSection, TimelineNode } from '../../catalog/recovery-timelines.ts'
import type { BackupControl, BackupStatus } from '../../format/backup-control.ts'
import type { ReadableBackup } from '../steps/chain-file.ts'

export type ChosenBackup = {
  readonly backup: ReadableBackup
  /** FULL first, the backup itself last. */
  readonly chain: readonly ReadableBackup[]
  /** The way that recovery takes over timelines. */
  readonly path: readonly PathSection[]
  /** What the control file says is against it, but it does not say enough. */
  readonly isDoubtful: boolean
}

/** What is to be restored. */
export type BackupWish = {
  readonly id: BackupId | undefined
  readonly target: ReadTarget | undefined
  /** Undefined: what servers and the reference tool take, `latest` for the target `latest` and `current` for others. */
  readonly timeline: TargetTimeline | undefined
  /** The timelines of the archive. */
  readonly tree: readonly TimelineNode[]
  readonly isValidated: boolean
  readonly isForced: boolean
  /** Of these it is known that recovery from them does not stop at the target. */
  readonly unfitIds?: ReadonlySet<BackupId>
}

const USABLE: ReadonlySet<BackupStatus> = new Set(['OK', 'DONE'])
/** With validation before it, a restore may find out that these are sound after all (catalog format 10.2). */
const REDEEMABLE: ReadonlySet<BackupStatus> = new Set(['ORPHAN', 'CORRUPT'])
/** So many backups that were passed over are told of. */
const MOST_REASONS = 4

/**
 * The backup to restore: the one that is named, else the newest usable one from which the target can be reached, by what
 * the control files say. Whether WAL leads to the target is not looked at. Source: `catalog-format.md` section 10.2.
 *
 * @throws {EngineError} `backup.not-found`, `backup.chain-broken`, `backup.not-restorable`
 */
export function chooseBackup(inventory: Inventory, wish: BackupWish): ChosenBackup {
  if (wish.id !== undefined) return requireNamed(inventory, wish.id, wish)
  const reasons: string[] = []
  const late: ChosenBackup[] = []
  for (const backup of inventory.backups) {
    const { control } = backup
    const reason = whyNotUsable(inventory, backup)
    if (control === undefined || reason !== undefined) {
      reasons.push(`${backup.id} ${reason}`)
      continue
    }
    const path = pathFor(control, wish)
    if (path.kind !== 'path') {
      reasons.push(`${backup.id} ${whyNoPath(path, control)}`)
      continue
    }
    const chosen = {
      backup: { ...backup, control },
      chain: requireChain(inventory, backup),
      path: path.sections,
      // Where a restore point is, no control file tells.
      isDoubtful: wish.target?.kind === 'name',
    }
    const isUnfit = wish.unfitIds?.has(backup.id) === true
    if (!isUnfit && (wish.target === undefined || reaches(control, wish.target))) return chosen
    reasons.push(`${backup.id} ends after the target`)
    // A transaction with a small number may have outlived the backup: only the WAL can tell.
    if (!isUnfit && wish.target?.kind === 'xid' && wish.isValidated)
      late.push({ ...chosen, isDoubtful: true })
  }
  const [likeliest] = late
  if (likeliest !== undefined) return likeliest
  const oldest = oldestAfter(inventory, wish)
  if (oldest !== undefined && (wish.unfitIds?.size ?? 0) === 0) {
    throw new EngineError(
      'backup.not-found',
      `the target is before the end of backup ${oldest.id}, the oldest that could be used: ${endText(oldest.control)}`,
      { hint: `${LATER_TARGET} ${toldReasons(reasons)}`, facts: { backup: oldest.id } },
    )
  }
  throw new EngineError(
    'backup.not-found',
    `no backup of instance "${inventory.instance}" reaches the target`,
    {
      hint:
        reasons.length === 0
          ? 'Take a backup first.'
          : `Choose a later target or another timeline, or take and validate a backup. ${toldReasons(reasons)}`,
    },
  )
}

/** What to do about a target that is before every backup. */
export const LATER_TARGET =
  'Choose a later target: nothing before the end of the oldest backup can be restored.'

/**
 * The oldest backup that could be restored, when by what the control files say even that one ends after the target;
 * undefined when one does not, or there is none.
 */
export function oldestAfter(inventory: Inventory, wish: BackupWish): ReadableBackup | undefined {
  const { target, id } = wish
  if (target === undefined) return undefined
  const usable = inventory.backups.flatMap((backup): readonly ReadableBackup[] => {
    const { control } = backup
    if (control === undefined || (id !== undefined && backup.id !== id)) return []
    if (whyNotUsable(inventory, backup) !== undefined || pathFor(control, wish).kind !== 'path') return []
    return [{ ...backup, control }]
  })
  return usable.some(({ control }) => reaches(control, target)) ? undefined : usable.at(-1)
}

/** Where a backup ends: `LSN 0/2000168, time 2026-11-21 08:52:34+08, xid 774`. */
export function endText({ stopLsn, recoverySeconds, recoveryXid }: BackupControl): string {
  const time = recoverySeconds === undefined ? [] : [`time ${formatLocalMs(recoverySeconds * 1000)}`]
  return [`LSN ${formatLsn(stopLsn)}`, ...time, ...(recoveryXid === 0n ? [] : [`xid ${recoveryXid}`])].join(
    ', ',
  )
}

const ANOTHER_ONE =
  'Choose an earlier backup, or leave the choice to Tidemark (no -i): it takes the newest one that leads there.'

function requireNamed(inventory: Inventory, id: BackupId, wish: BackupWish): ChosenBackup {
  const { target, isValidated, isForced } = wish
  const backup = inventory.backups.find((one) => one.id === id)
  if (backup === undefined) {
    throw backupNotFound(inventory, id)
  }
  const { control } = backup
  if (control === undefined) throw notRestorable(id, 'its control file cannot be read')
  const mayRedeem = REDEEMABLE.has(control.status) && (isValidated || isForced)
  if (!USABLE.has(control.status) && !mayRedeem) throw notRestorable(id, `its status is ${control.status}`)
  const isTold = target?.kind === 'xid' && isValidated
  if (target !== undefined && !reaches(control, target) && !isTold) {
    throw notRestorable(id, `it ends after the recovery target: ${endText(control)}`, ANOTHER_ONE)
  }
  const path = pathFor(control, wish)
  if (path.kind !== 'path') throw notRestorable(id, `it ${whyNoPath(path, control)}`, ANOTHER_ONE)
  return {
    backup: { ...backup, control },
    chain: requireChain(inventory, backup),
    path: path.sections,
    isDoubtful: false,
  }
}

function whyNotUsable(inventory: Inventory, { id, control }: Backup): string | undefined {
  if (control === undefined) return 'cannot be read'
  if (!USABLE.has(control.status)) return `is ${control.status}`
  const chain = chainOf(inventory, id)
  if (chain.kind !== 'whole') return 'lacks a parent'
  const bad = chain.backups.find((one) => one.control === undefined || !USABLE.has(one.control.status))
  return bad === undefined ? undefined : `needs ${bad.id}, which is ${bad.control?.status ?? 'not readable'}`
}

function pathFor(control: BackupControl, { tree, timeline, target }: BackupWish): RecoveryPath {
  return recoveryPath(tree, control, timeline ?? (target?.kind === 'latest' ? 'latest' : 'current'))
}

function whyNoPath(path: Exclude<RecoveryPath, { kind: 'path' }>, { timeline }: BackupControl): string {
  switch (path.kind) {
    case 'no-history':
      return `cannot follow timeline ${path.timeline}, of which the archive has no history file`
    case 'other-branch':
      return `is on timeline ${timeline}, which timeline ${path.timeline} does not come from`
    case 'left-before':
      return `ends after timeline ${path.timeline} branched off at ${formatLsn(path.switchLsn)}`
  }
}

function toldReasons(reasons: readonly string[]): string {
  const told = reasons.slice(0, MOST_REASONS).join('; ')
  const rest = reasons.length - MOST_REASONS
  return rest > 0 ? `${told}; and ${rest} more.` : `${told}.`
}

/** Whether recovery that starts from the end of this backup can still stop at the target. */
function reaches(control: BackupControl, target: ReadTarget): boolean {
  switch (target.kind) {
    case 'xid':
      return isXidAtOrAfter(target, control.recoveryXid)
    case 'time':
      return (
        control.recoverySeconds === undefined || BigInt(control.recoverySeconds) * 1_000_000n <= target.micros
      )
    case 'lsn':
      return control.stopLsn <= target.lsn
    case 'name':
    case 'immediate':
    case 'latest':
      return true
  }
}

/** Without an epoch the number counts as one of the epoch that is nearest. */
function isXidAtOrAfter(target: Extract<ReadTarget, { kind: 'xid' }>, recoveryXid: bigint): boolean {
  if (target.epoch !== undefined) return recoveryXid <= (BigInt(target.epoch) << 32n) + BigInt(target.xid)
  if (recoveryXid < 1n << 32n) return recoveryXid <= BigInt(target.xid)
  return BigInt.asIntN(32, BigInt(target.xid) - recoveryXid) >= 0n
}

function requireChain(inventory: Inventory, backup: Backup): readonly ReadableBackup[] {
  const chain = chainOf(inventory, backup.id)
  if (chain.kind === 'broken') {
    const [oldest] = chain.backups
    const why = oldest?.control === undefined ? 'cannot be read' : 'leads to no FULL'
    throw new EngineError(
      'backup.chain-broken',
      chain.missing === undefined
        ? `backup ${backup.id} needs backup ${oldest?.id}, which ${why}`
        : `backup ${backup.id} needs backup ${chain.missing}, which is missing`,
      {
        hint: 'Restore another backup; without its parent an increment is worth nothing.',
      },
    )
  }
  return chain.backups.map((one) => {
    if (one.control === undefined) throw notRestorable(one.id, 'its control file cannot be read')
    return { ...one, control: one.control }
  })
}

function notRestorable(
  id: BackupId,
  why: string,
  hint = 'Validate the instance, or choose another backup.',
): EngineError {
  return new EngineError('backup.not-restorable', `backup ${id} cannot be restored: ${why}`, {
    hint,
    facts: { backup: id },
  })
}
