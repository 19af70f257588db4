import type { BackupRecord } from '../../../engine/api/contract/backups.ts'

/**
 * Whether a backup fits a filter: words are looked for in ID and note; `status:corrupt,orphan`, `mode:full`, `tli:2`,
 * `note~text` and `before:2026-11-01` narrow further. A condition that is not understood fits nothing, so that a
 * mistyped one is seen.
 */
export function fitsFilter(backup: BackupRecord, filter: string): boolean {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
    .every((word) => fitsWord(backup, word))
}

function fitsWord(backup: BackupRecord, word: string): boolean {
  const [, name, sign, value = ''] = /^([a-z]+)([:~])(.+)$/.exec(word) ?? []
  if (name === undefined) {
    return backup.id.toLowerCase().includes(word) || (backup.note ?? '').toLowerCase().includes(word)
  }
  const values = value.split(',')
  switch (`${name}${sign}`) {
    case 'status:':
      return values.includes(backup.status.toLowerCase())
    case 'mode:':
      return values.includes(backup.mode.toLowerCase())
    case 'tli:':
      return values.includes(String(backup.timeline))
    case 'note~':
      return (backup.note ?? '').toLowerCase().includes(value)
    case 'before:':
      return backup.startTime < value
    case 'after:':
      return backup.startTime >= value
    default:
      return false
  }
}
