import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { parseLsn } from '../../base/lsn.ts'
import type { Backup } from '../../catalog/backup.ts'
import { chainOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import type { BackupControl, BackupStatus } from '../../format/backup-control.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'

/** A backup whose control file could be read. */
export type ReadableBackup = Backup & { readonly control: BackupControl }

export type ChosenBackup = {
  readonly backup: ReadableBackup
  /** FULL first, the backup itself last. */
  readonly chain: readonly ReadableBackup[]
}

const USABLE: ReadonlySet<BackupStatus> = new Set(['OK', 'DONE'])
/** With validation before it, a restore may find out that these are sound after all (catalog format 10.2). */
const REDEEMABLE: ReadonlySet<BackupStatus> = new Set(['ORPHAN', 'CORRUPT'])

/**
 * The backup to restore: the one that is named, else the newest usable one from which the target can be reached.
 *
 * @throws {EngineError} `backup.not-found`, `backup.chain-broken`, `backup.not-restorable`
 */
export function chooseBackup(
  inventory: Inventory,
  request: {
    readonly id: BackupId | undefined
    readonly target: RecoveryTarget | undefined
    readonly isValidated: boolean
    readonly isForced: boolean
  },
): ChosenBackup {
  const { id, target } = request
  if (id !== undefined) {
    const backup = inventory.backups.find((one) => one.id === id)
    if (backup === undefined) {
      throw new EngineError('backup.not-found', `instance "${inventory.instance}" has no backup ${id}`, {
        hint: 'Choose one from the list of backups.',
      })
    }
    const { control } = backup
    if (control === undefined) throw notRestorable(id, 'its control file cannot be read')
    const mayRedeem = REDEEMABLE.has(control.status) && (request.isValidated || request.isForced)
    if (!USABLE.has(control.status) && !mayRedeem) throw notRestorable(id, `its status is ${control.status}`)
    if (target !== undefined && !reaches(control, target)) {
      throw notRestorable(id, 'it ends after the recovery target')
    }
    return { backup: { ...backup, control }, chain: requireChain(inventory, backup) }
  }
  for (const backup of inventory.backups) {
    const { control } = backup
    if (control === undefined || !USABLE.has(control.status)) continue
    if (target !== undefined && !reaches(control, target)) continue
    const chain = chainOf(inventory, backup.id)
    if (
      chain.kind !== 'whole' ||
      !chain.backups.every((one) => one.control !== undefined && USABLE.has(one.control.status))
    )
      continue
    return { backup: { ...backup, control }, chain: requireChain(inventory, backup) }
  }
  throw new EngineError(
    'backup.not-found',
    `instance "${inventory.instance}" has no usable backup that reaches the target`,
    {
      hint: 'Choose a later target, or take and validate a backup first.',
    },
  )
}

/** Whether recovery that starts from the end of this backup can still stop at the target. */
function reaches(control: BackupControl, target: RecoveryTarget): boolean {
  switch (target.kind) {
    case 'xid':
      return control.recoveryXid <= BigInt(target.xid)
    case 'time':
      return control.recoverySeconds === undefined || control.recoverySeconds * 1000 <= timeMs(target.at)
    case 'lsn':
      return control.stopLsn <= parseLsn(target.lsn)
    case 'name':
    case 'immediate':
    case 'latest':
      return true
  }
}

/** @throws {EngineError} `value.malformed` */
function timeMs(text: string): number {
  // PostgreSQL writes +00 where ISO wants +00:00; without an offset the time is local, as with the reference tool.
  const ms = Date.parse(
    text
      .trim()
      .replace(' ', 'T')
      // ISO takes a lone date for UTC.
      .replace(/^\d{4}-\d\d-\d\d$/, '$&T00:00')
      .replace(/(:\d\d(?:\.\d+)?) ?([+-]\d\d)$/, '$1$2:00'),
  )
  if (Number.isNaN(ms)) {
    throw new EngineError('value.malformed', `"${text}" is not a time`, {
      hint: "Write it with its offset, for example '2026-11-20 09:12:41.118+08'.",
    })
  }
  return ms
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

function notRestorable(id: BackupId, why: string): EngineError {
  return new EngineError('backup.not-restorable', `backup ${id} cannot be restored: ${why}`, {
    hint: 'Validate the instance, or choose another backup.',
    facts: { backup: id },
  })
}
