import type { Backup } from './backup.ts'

/** Bytes that deleting a backup frees: its pages and, when it carries its own WAL, that too. */
export function storedBytes({ control }: Pick<Backup, 'control'>): number {
  return (control?.dataBytes ?? 0) + (control?.isStream === true ? (control.walBytes ?? 0) : 0)
}
