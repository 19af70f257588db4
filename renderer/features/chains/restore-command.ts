import type { InstanceRef } from '../../../engine/api/contract/values.ts'

/** The command that restores a backup, with a place for the directory. */
export function restoreCommand({ catalog, instance }: InstanceRef, id: string): string {
  return `tidemark restore -B ${catalog} --instance=${instance} -i ${id} -D NEW_DIRECTORY`
}
