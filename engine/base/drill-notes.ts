/**
 * What a drill says of what it looked at, with `{name}` for each value that belongs to it. The window has the texts in its
 * languages, by the code; these are for the command line and for logs.
 */
export const DRILL_NOTES = {
  restored: 'Backup {id} was restored: {files} files.',
  'restored-validated': 'Backup {id} was validated with every page and restored: {files} files.',
  'restore-failed': '{message}',
  'target-reached': 'Recovery stopped where it was to stop: {text}',
  'target-end': 'Recovery went to the end of the WAL.',
  'target-missed': 'Recovery stopped elsewhere: {message}',
  'recovery-failed': 'The server gave recovery up: {message}',
  'recovery-late': 'Recovery did not end within {seconds} s.',
  'recovery-paused': 'The server stands at {lsn} on timeline {timeline} and can be read.',
  'recovery-open': 'Recovery is over on timeline {timeline}; the server takes writes.',
  'database-readable': '"{database}" lets itself be read, its catalog too.',
  'database-unreadable': '"{database}" cannot be read: {message}',
  'databases-none': 'The cluster has no database that takes connections.',
  'tables-counted': 'Tables of "{database}" that were read: {tables}, with {rows} rows.',
  'tables-partly':
    'Tables of "{database}" that were read in the time there was: {tables}; that were not: {left}.',
  'table-unreadable': '{table} of "{database}" cannot be read: {message}',
  'rows-as-expected': 'Row counts are those of the last time, within {percent} %. Tables compared: {tables}.',
  'rows-differ': '{table} of "{database}" has {found} rows; the last time it had {expected}.',
  'table-gone': '{table} of "{database}" is not there; the last time it had {expected} rows.',
  'rows-unknown': 'No earlier drill of this instance has counted rows, at this moment or before it.',
  'indexes-sound': 'Indexes of "{database}" that amcheck has checked: {count}.',
  'indexes-partly':
    'Indexes of "{database}" that amcheck has checked in the time there was: {count}; that it has not: {left}.',
  'index-damaged': 'The index {index} of "{database}" is damaged: {message}',
  'amcheck-missing': '"{database}" does not have the extension amcheck.',
  'sql-as-expected': '{sql} in "{database}" gave what was expected.',
  'sql-differs': '{sql} in "{database}" gave {found}, not {expected}.',
  'sql-failed': '{sql} in "{database}" failed: {message}',
  'log-clean': 'The log of the server has no FATAL and no PANIC.',
  'log-fatal': 'The log of the server says: {message}',
  'too-slow': 'It was given up after {seconds} s.',
} as const

export type DrillNoteCode = keyof typeof DRILL_NOTES

export const DRILL_CHECKS = [
  'restore',
  'target',
  'recovery',
  'databases',
  'tables',
  'row-counts',
  'amcheck',
  'sql',
  'log',
] as const

/** One thing that a drill looks at. `skipped`: it could not be looked at, which is no fault of the backup. */
export type DrillCheck = {
  readonly check: (typeof DRILL_CHECKS)[number]
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly code: DrillNoteCode
  readonly values: Readonly<Record<string, string | number>>
  readonly durationMs: number
}

/** A check without the time that it took. */
export type DrillNote = Omit<DrillCheck, 'durationMs'>

export function drillNote(
  check: DrillNote['check'],
  state: DrillNote['state'],
  code: DrillNoteCode,
  values: DrillNote['values'] = {},
): DrillNote {
  return { check, state, code, values }
}

/** The note in English. */
export function drillNoteText({ code, values }: Pick<DrillNote, 'code' | 'values'>): string {
  return DRILL_NOTES[code].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}
