import type { RestorePlan, RestoreRequest } from '../../../engine/api/contract/restore.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'

/** Where a restore goes: a fresh directory to look at the past, or one that the user names. */
export type Place = 'scratch' | 'directory'

/** What the user has decided so far. */
export type RestoreDraft = {
  readonly place: Place
  /** For the place `directory`. */
  readonly directory: string
  /** What the server does when it has come to its target. */
  readonly targetAction: 'pause' | 'promote' | 'shutdown'
  readonly threads: number
  readonly isValidated: boolean
  /** New place of a tablespace or an external directory by the old one, where it was typed. */
  readonly moved: Readonly<Record<string, string>>
}

export const FRESH_DRAFT: RestoreDraft = {
  place: 'scratch',
  directory: '',
  targetAction: 'pause',
  threads: 2,
  isValidated: true,
  moved: {},
}

/** The data directory that a draft leads to. `scratch` is the fresh directory that the engine offered. */
export function dataDirectoryOf(draft: RestoreDraft, scratch: string): string {
  return draft.place === 'scratch' ? `${scratch}/data` : draft.directory.trim()
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
export type RestoreSubject = InstanceRef & { readonly id: string } & Pick<
    RestoreRequest,
    'target' | 'isInclusive' | 'targetTimeline'
  >

/** The draft as a request to the engine. */
export function requestOf(draft: RestoreDraft, subject: RestoreSubject, scratch: string, outside: Outside) {
  return {
    ...subject,
    dataDirectory: dataDirectoryOf(draft, scratch),
    threads: draft.threads,
    isValidated: draft.isValidated,
    ...(subject.target !== undefined && { targetAction: draft.targetAction }),
    ...mappingsOf(draft, scratch, outside),
  }
}
