import { EngineError } from '../../base/engine-error.ts'
import { type Backup, readContentList } from '../../catalog/backup.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { requireSafePath } from '../steps/stored-versions.ts'
import type { MergePlan } from './plan.ts'
import type { Member } from './work-list.ts'

/** The backups that take part in a plan, the FULL first. */
export function membersOf({ backups }: Inventory, plan: MergePlan): readonly Backup[] {
  return plan.members.flatMap(({ id }) => backups.find((backup) => backup.id === id) ?? [])
}

/**
 * Reads the content list of a backup that takes part. Changes nothing.
 *
 * @throws {EngineError} `backup.damaged`
 */
export async function readMember(backup: Backup): Promise<Member> {
  const { control } = backup
  if (control === undefined)
    throw new EngineError('backup.damaged', `backup ${backup.id}: ${backup.problem ?? 'no control file'}`)
  try {
    const entries = await readContentList(backup)
    for (const entry of entries) requireSafePath(entry.path)
    return { backup, control, entries }
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === 'backup.damaged') throw thrown
    throw new EngineError('backup.damaged', `backup ${backup.id} has no usable content list`, {
      hint: 'Nothing was changed. Validate the instance.',
      cause: thrown,
      facts: { backup: backup.id },
    })
  }
}
