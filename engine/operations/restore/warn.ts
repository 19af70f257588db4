import { PREFLIGHT_HINTS } from '../../base/preflight-hints.ts'

type Values = Readonly<Record<string, string | number>>

/**
 * What whoever restores should know before it begins, for logs and the command line. The window has its own words, for
 * every line. What the log of a restore says anyway is not here.
 */
const WARNINGS: Readonly<Record<string, (values: Values) => string>> = {
  'status-forced': ({ id, status }) =>
    `backup ${id} is ${status} and is restored all the same, unvalidated: what comes out may be damaged`,
  'status-unchecked': ({ id }) => `backup ${id} has not been validated and will not be`,
  'databases-excluded': ({ names }) => `left out: ${names}`,
  'target-moved': ({ path, to }) => `what is in "${path}" is moved to "${to}"`,
  'wal-deleted': ({ path, walFiles }) => `${walFiles} WAL files in "${path}" are deleted`,
  'place-wiped': ({ path }) => `"${path}" is emptied first`,
  'space-tight': ({ need, free }) => `room is tight: the restore needs ${need} bytes, ${free} are free`,
  'wal-unchecked': () => 'whether WAL leads to the recovery target was not checked',
  'wal-before-end': ({ id }) => `the recovery target is before the end of backup ${id}`,
  'wal-ended-before': ({ id }) => `the transaction ended before the end of backup ${id}`,
  'wal-ends': ({ lsn, timeline }) =>
    `the recovery target is not reached: WAL ends at ${lsn} on timeline ${timeline}`,
  'wal-broken': ({ lsn, timeline, segment }) =>
    `the recovery target is not reached: after ${lsn} on timeline ${timeline} WAL segment ${segment} cannot be replayed`,
  'wal-lost': ({ lsn, timeline, segment, later }) =>
    `recovery ends at ${lsn} on timeline ${timeline}, for WAL segment ${segment} cannot be replayed: what comes after it, up to ${later}, is lost`,
  'wal-gap': ({ segment, later }) =>
    `recovery ends at a gap: WAL segment ${segment} is missing, and what comes after it, up to ${later}, is lost`,
  'wal-copied-now': ({ segment }) =>
    `WAL is copied as it is now, up to ${segment}: what is archived later is not fetched`,
  'wal-copy-missing': ({ segment }) =>
    `WAL is copied up to a gap: ${segment} is neither in the archive nor in the backup`,
  'clock-ahead': ({ seconds }) =>
    `the clock of this computer is ${seconds} s ahead of that of the database server`,
  'clock-behind': ({ seconds }) =>
    `the clock of this computer is ${seconds} s behind that of the database server`,
  'clock-unknown': ({ reason }) =>
    `the clock of the database server could not be compared with this one: ${reason}`,
  'leftover-settings': ({ names }) =>
    `settings of an earlier recovery are left in the configuration: ${names}`,
  'archives-same': ({ command }) =>
    `once it opens, the restored server archives into the archive of this instance: ${command}`,
  'archives-elsewhere': ({ command }) =>
    `once it opens, the restored server archives as the instance does: ${command}`,
  'slots-restored': ({ names }) => `replication slots come back with the backup: ${names}`,
  'version-differs': ({ path, version, major }) =>
    `the server that ran in "${path}" last is PostgreSQL ${version}; the backup is of ${major}`,
  'owner-differs': ({ path, owner, user }) =>
    `"${path}" belongs to ${owner}, the files will belong to ${user}`,
  'standby-target': () => 'the standby recovers up to the recovery target only',
}

type Line = {
  readonly state: string
  readonly sentence: { readonly code: string; readonly values: Values }
  readonly hint: { readonly code: string } | undefined
}

/** Sentences about the warnings of a plan, each with what to do about it. */
export function warningsOf({ preflight }: { readonly preflight: readonly Line[] }): readonly string[] {
  return preflight.flatMap(({ state, sentence, hint }) => {
    const describe = WARNINGS[sentence.code]
    if ((state !== 'warning' && state !== 'unknown') || describe === undefined) return []
    const text = describe(sentence.values)
    const advice = Object.entries(PREFLIGHT_HINTS).find(([code]) => code === hint?.code)?.[1]
    return [advice === undefined ? text : `${text}. ${advice}`]
  })
}
