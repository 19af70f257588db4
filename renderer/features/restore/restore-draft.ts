import type { RestorePlan, RestoreRequest } from '../../../engine/api/contract/restore.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'

/** Where a restore goes: a fresh directory to look at the past, one that the user names, or that of the server. */
export type Place = 'scratch' | 'directory' | 'in-place'

/** What the user has decided so far. */
export type RestoreDraft = {
  readonly place: Place
  /** For the other places than `scratch`. */
  readonly directory: string
  /** What becomes of what is in that directory. */
  readonly incrementalMode: 'none' | 'checksum' | 'lsn'
  /** Instead: the directory gets another name, and a new one is restored. */
  readonly movesAside: boolean
  /** What the server does when it has come to its target. */
  readonly targetAction: 'pause' | 'promote' | 'shutdown'
  readonly threads: number
  readonly isValidated: boolean
  readonly checksBlocks: boolean
  readonly isSynced: boolean
  /** All databases, or only or all but those that are named. */
  readonly partial: 'all' | 'include' | 'exclude'
  readonly databases: readonly string[]
  readonly destroysOtherDatabases: boolean
  readonly skipsExternal: boolean
  readonly isReplica: boolean
  readonly primaryConninfo: string
  readonly primarySlotName: string
  readonly walDirectory: string
  /** The WAL that recovery needs is copied; then there is no `restoreCommand`. */
  readonly copiesWal: boolean
  readonly restoreCommand: string
  /** New place of a tablespace or an external directory by the old one, where it was typed. */
  readonly moved: Readonly<Record<string, string>>
  /** Warnings of the pre-flight that were ticked, by {@link warningKey}. */
  readonly accepted: readonly string[]
}

export const FRESH_DRAFT: RestoreDraft = {
  place: 'scratch',
  directory: '',
  incrementalMode: 'none',
  movesAside: false,
  targetAction: 'pause',
  threads: 2,
  isValidated: true,
  checksBlocks: true,
  isSynced: true,
  partial: 'all',
  databases: [],
  destroysOtherDatabases: false,
  skipsExternal: false,
  isReplica: false,
  primaryConninfo: '',
  primarySlotName: '',
  walDirectory: '',
  copiesWal: false,
  restoreCommand: '',
  moved: {},
  accepted: [],
}

/** What a change of the place changes with it: over running data only an incremental restore is possible. */
export function movedTo(place: Place, directory: string): Partial<RestoreDraft> {
  return {
    place,
    directory,
    moved: {},
    incrementalMode: place === 'in-place' ? 'checksum' : 'none',
    movesAside: false,
  }
}

/** The options of the step *How* that most restores leave alone. How the server comes by WAL is one of them. */
export const QUIET_OPTIONS = [
  'threads',
  'isValidated',
  'checksBlocks',
  'isSynced',
  'partial',
  'skipsExternal',
  'isReplica',
  'walDirectory',
  'restoreCommand',
] as const satisfies readonly (keyof RestoreDraft)[]

/** How many of {@link QUIET_OPTIONS} are as they were. */
export function unchangedCount(draft: RestoreDraft): number {
  return QUIET_OPTIONS.filter(
    (option) => draft[option] === FRESH_DRAFT[option] && !(option === 'restoreCommand' && draft.copiesWal),
  ).length
}

/** The data directory that a draft leads to. `scratch` is the fresh directory that the engine offered. */
export function dataDirectoryOf(draft: RestoreDraft, scratch: string): string {
  return draft.place === 'scratch' ? `${scratch}/data` : draft.directory.trim()
}

/** Whether a text can be a path of the machine that is restored to. */
export function isAbsolute(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/])/.test(path.trim())
}

/** Whether enough is decided for a plan. */
export function canPlan(draft: RestoreDraft): boolean {
  return (
    (draft.place === 'scratch' || isAbsolute(draft.directory)) &&
    Object.values(draft.moved).every(isAbsolute) &&
    (draft.walDirectory.trim() === '' || isAbsolute(draft.walDirectory)) &&
    (draft.partial === 'all' || draft.databases.length > 0)
  )
}

type Mapping = NonNullable<RestoreRequest['tablespaceMapping']>[number]
type Outside = Pick<RestorePlan, 'tablespaces' | 'externalDirs'>

/**
 * Where everything outside the data directory goes: as typed; else below the scratch directory, so that nothing that
 * exists is touched; else to where it was.
 */
export function mappingsOf(
  draft: RestoreDraft,
  scratch: string,
  outside: Outside,
): { readonly tablespaceMapping: Mapping[]; readonly externalMapping: Mapping[] } {
  const place = (from: string, name: string): string =>
    draft.moved[from] ?? (draft.place === 'scratch' ? `${scratch}/${name}` : from)
  return {
    tablespaceMapping: outside.tablespaces.map(({ from, oid }) => ({
      from,
      to: place(from, `tablespaces/${oid}`),
    })),
    externalMapping: outside.externalDirs.map(({ from, number }) => ({
      from,
      to: place(from, `external/${number}`),
    })),
  }
}

/** What is restored: a backup, and how far recovery goes from its end. */
export type RestoreSubject = InstanceRef & {
  readonly id: string
  /** Nobody chose the backup, and not all WAL was read: the restore itself finds out which one it takes. */
  readonly isEstimated?: boolean
} & Pick<RestoreRequest, 'target' | 'isInclusive' | 'targetTimeline' | 'isForced'>

/** The end of the WAL is no target that a server could wait at: it opens there. */
export function stopsAtTarget({ target }: Pick<RestoreSubject, 'target'>): boolean {
  return target !== undefined && target.kind !== 'latest'
}

/** The draft as a request to the engine. What is as usual is left out. */
export function requestOf(draft: RestoreDraft, subject: RestoreSubject, scratch: string, outside: Outside) {
  const { tablespaceMapping, externalMapping } = mappingsOf(draft, scratch, outside)
  const isIncremental = draft.place !== 'scratch' && !draft.movesAside && draft.incrementalMode !== 'none'
  const isPartial = draft.partial !== 'all' && draft.databases.length > 0
  const typed = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim())
  const [walDirectory, restoreCommand] = [typed(draft.walDirectory), typed(draft.restoreCommand)]
  const [primaryConninfo, primarySlotName] = [typed(draft.primaryConninfo), typed(draft.primarySlotName)]
  const { id, isEstimated, ...wanted } = subject
  return {
    ...wanted,
    ...(isEstimated !== true && { id }),
    dataDirectory: dataDirectoryOf(draft, scratch),
    threads: draft.threads,
    isValidated: draft.isValidated,
    ...(stopsAtTarget(subject) && { targetAction: draft.targetAction }),
    tablespaceMapping,
    ...(draft.skipsExternal ? { skipsExternal: true } : { externalMapping }),
    ...(isIncremental && { incrementalMode: draft.incrementalMode }),
    ...(draft.place !== 'scratch' && draft.movesAside && { movesAside: true }),
    ...(isPartial && { databases: databasesOf(draft) }),
    ...(isPartial && isIncremental && draft.destroysOtherDatabases && { destroysOtherDatabases: true }),
    ...(!draft.checksBlocks && { checksBlocks: false }),
    ...(!draft.isSynced && { isSynced: false }),
    ...(draft.isReplica && {
      isReplica: true,
      ...(primaryConninfo !== undefined && { primaryConninfo }),
      ...(primarySlotName !== undefined && { primarySlotName }),
    }),
    ...(walDirectory !== undefined && { walDirectory }),
    ...(draft.copiesWal ? { copiesWal: true } : restoreCommand !== undefined && { restoreCommand }),
  }
}

function databasesOf({ partial, databases }: RestoreDraft): NonNullable<RestoreRequest['databases']> {
  return { kind: partial === 'include' ? 'include' : 'exclude', names: [...databases] }
}
