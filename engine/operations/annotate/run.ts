import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { backupNotFound } from '../../catalog/backup-not-found.ts'
import { type Backup, readControl, writeBackupControl } from '../../catalog/backup.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { type LockPatience, lockShared } from '../../catalog/lock.ts'
import type { BackupControl } from '../../format/backup-control.ts'

export type AnnotateInput = {
  readonly catalog: string
  readonly instance: string
  readonly id: BackupId
  /** Empty text or `none` removes the note. */
  readonly note: string | undefined
  /** 0 removes the pin. */
  readonly ttlSeconds: number | undefined
  /** `null` removes the pin. */
  readonly expireSeconds: number | null | undefined
  /** How patient to be with whoever writes the backup. */
  readonly patience?: LockPatience
}

const MOST_NOTE_BYTES = 1024

/**
 * Changes note and pin of a backup; its data files are not touched. Source: `catalog-format.md` section 12.1.
 *
 * @throws {EngineError} `backup.not-found`, `format.damaged`, `backup.not-restorable` when a pin has nothing to count from
 */
export async function annotateBackup(input: AnnotateInput, run: Run): Promise<void> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const backup = inventory.backups.find(({ id }) => id === input.id)
  if (backup === undefined) throw backupNotFound(inventory, input.id)
  requireControl(backup)
  if (input.ttlSeconds !== undefined && input.expireSeconds != null) {
    throw new EngineError('usage.invalid', 'a pin has either a duration or an end, not both', {
      hint: 'Give --ttl or --expire-time.',
    })
  }
  await using _lock = await lockShared(backup.directory, {
    ...run,
    ...(input.patience && { patience: input.patience }),
  })
  // Whoever held it until now may have changed it: a merge has made another backup of it.
  const control = requireControl({ id: input.id, ...readControl(backup.directory) })
  const note = input.note === undefined ? control.note : cleanNote(input.note)
  const expireSeconds = pin(input, control.recoverySeconds, control.expireSeconds)
  await writeBackupControl(backup.directory, { ...control, note, expireSeconds })
  if (input.note !== undefined)
    run.log.info(note === undefined ? `removed the note of ${input.id}` : `noted of ${input.id}: ${note}`)
}

function requireControl({ id, control, problem }: Pick<Backup, 'id' | 'control' | 'problem'>): BackupControl {
  if (control !== undefined) return control
  throw new EngineError(
    'format.damaged',
    `the control file of backup ${id} cannot be read: ${problem ?? 'it is missing'}`,
    { hint: 'Validate the instance; notes and pins are kept in that file.' },
  )
}

function pin(
  input: AnnotateInput,
  recoverySeconds: number | undefined,
  before: number | undefined,
): number | undefined {
  if (input.expireSeconds === null || input.ttlSeconds === 0) return undefined
  if (input.ttlSeconds === undefined && input.expireSeconds === undefined) return before
  if (recoverySeconds === undefined) {
    throw new EngineError(
      'backup.not-restorable',
      `backup ${input.id} has no recovery time to count a pin from`,
      {
        hint: 'Only a backup that was completed can be pinned.',
      },
    )
  }
  return input.expireSeconds ?? recoverySeconds + (input.ttlSeconds ?? 0)
}

/** The format holds one line; what follows a line break is cut, as the reference tool does. */
function cleanNote(text: string): string | undefined {
  const line = (text.split(/[\r\n]/)[0] ?? '').trim()
  if (line === '' || line === 'none') return undefined
  if (Buffer.byteLength(line) > MOST_NOTE_BYTES) {
    throw new EngineError('value.malformed', `the note is longer than ${MOST_NOTE_BYTES} bytes`, {
      hint: 'Shorten it.',
    })
  }
  return line
}
