import { createHash } from 'node:crypto'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn } from '../../base/lsn.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { type Clearing, planClearing } from './clearing.ts'
import { excludedDatabases } from './databases.ts'
import { restoredBytes } from '../steps/stored-versions.ts'
import { decideIncremental, type IncrementalDecision, isOwnPlace } from './incremental.ts'
import { isOwnExternal, linksOf, mapped, placesOf, samePath } from './places.ts'
import {
  chainLine,
  dataDirectoryLines,
  excludedLine,
  overlapLines,
  ownerLine,
  placeLine,
  type PreflightLine,
  replicaLine,
  spaceLines,
  statusLine,
  walCopyLines,
} from './preflight.ts'
import type { IncrementalMode, RestoreFacts, RestoreInput } from './restore-facts.ts'
import { planWalCopy, type WalCopy } from './wal-copy.ts'

export type RestorePlan = {
  /** Stands for the backups, their lists and the request: another hash, another restore. */
  readonly hash: string
  readonly tablespaces: readonly { readonly oid: number; readonly from: string; readonly to: string }[]
  readonly externalDirs: readonly { readonly number: number; readonly from: string; readonly to: string }[]
  readonly walDirectory: string | undefined
  /** WAL that is copied out of the archive; undefined when a command fetches it, or none is needed. */
  readonly walCopy: WalCopy | undefined
  /** Names of databases that are left out. */
  readonly excludedDatabases: readonly string[]
  /** What becomes of what is there; undefined for an empty directory. */
  readonly incremental: IncrementalPlan | undefined
  /** Stands for what is in the data directory now. */
  readonly destinationHash: string
  readonly fileCount: number
  readonly readBytes: number
  readonly writeBytes: number
  readonly preflight: readonly PreflightLine[]
  readonly isBlocked: boolean
}

/** What a restore does with a directory that is not empty. */
export type IncrementalPlan = {
  /** `none` is refused, or everything is deleted first. */
  readonly mode: IncrementalMode
  readonly isWiped: boolean
  /** The restore that was interrupted in the directory and is taken up again. */
  readonly continues:
    { readonly backupId: string; readonly instance: string; readonly startedAt: string } | undefined
  readonly modes: readonly {
    readonly mode: Exclude<IncrementalMode, 'none'>
    readonly isPossible: boolean
    readonly reason: PreflightLine['sentence'] | undefined
  }[]
  /** Of the `lsn` mode: up to here the directory followed the backups. */
  readonly shiftLsn: string | undefined
  readonly deletedFiles: number
  readonly deletedBytes: number
  /** How many of the deleted files are WAL. */
  readonly deletedWalFiles: number
  /** Some of the files that are deleted, absolute. */
  readonly deletedSample: readonly string[]
  /** An upper bound: how much is the same is known when it has been read. */
  readonly reusableBytes: number
}

const SAMPLE_FILES = 20

/**
 * Decides where everything goes and what stands in the way. Pure.
 *
 * @throws {EngineError} `plan.refused` for a mapping that names what the backup does not have.
 */
export function planRestore(input: RestoreInput, facts: RestoreFacts): RestorePlan {
  const tablespaces = facts.tablespaces.map(({ oid, path }) => ({
    oid,
    from: path,
    to: mapped(path, input.tablespaceMapping),
  }))
  for (const { from } of input.tablespaceMapping) {
    if (!facts.tablespaces.some(({ path }) => samePath(path, from))) {
      throw unknownMapping(
        'tablespace',
        from,
        facts.tablespaces.map(({ path }) => path),
      )
    }
  }
  const externalDirs = input.skipsExternal
    ? []
    : facts.externalDirs.map((from, index) => ({
        number: index + 1,
        from,
        to: mapped(from, input.externalMapping),
      }))
  for (const { from } of input.externalMapping) {
    if (!facts.externalDirs.some((dir) => samePath(dir, from))) {
      throw unknownMapping('external directory', from, facts.externalDirs)
    }
  }

  const excluded = excludedDatabases(input.databases, facts.databaseMap)
  const excludedOids = new Set(excluded.map(({ oid }) => oid))
  const isWanted = ({ externalDirNumber, databaseOid }: ContentEntry): boolean =>
    externalDirNumber !== 0 || !excludedOids.has(databaseOid)
  const newest = facts.chain[0]?.entries ?? []
  const writeBytes = newest.filter(isWanted).reduce((sum, entry) => sum + restoredBytes(entry), 0)
  const readBytes = facts.chain
    .flatMap(({ entries }) => entries)
    .filter(isWanted)
    .reduce((sum, { sizeBytes }) => sum + Math.max(0, sizeBytes), 0)
  const decision = decideIncremental(input, facts)
  const clearing = clearingOf(input, facts)
  const links = linksOf(input, facts)
  const walCopy = planWalCopy(input, facts)
  const preflight = [
    chainLine(facts),
    statusLine(input, facts),
    ...dataDirectoryLines(input, facts, decision, clearing),
    ...[...tablespaces, ...(input.walDirectory === undefined ? [] : [{ to: input.walDirectory }])].map(
      ({ to }) => placeLine('tablespaces', to, isOwnPlace(to, decision, { links, ...facts }), input, facts),
    ),
    ...externalDirs.map(({ from, to }) =>
      placeLine('external-dirs', to, isOwnExternal(from, to, decision), input, facts),
    ),
    ...overlapLines(placesOf(input, facts)),
    ...spaceLines(Math.max(0, writeBytes - clearing.keptBytes - clearing.bytes), walCopy, facts),
    ...walCopyLines(input, walCopy),
    ...(excluded.length === 0 ? [] : [excludedLine(excluded)]),
    ...(input.isReplica && input.target !== undefined && input.target.kind !== 'latest'
      ? [replicaLine()]
      : []),
    ...(facts.isRoot ? [ownerLine()] : []),
  ]
  return {
    hash: hashOf(input, facts),
    tablespaces,
    externalDirs,
    walDirectory: input.walDirectory,
    walCopy,
    excludedDatabases: excluded.map(({ name }) => name),
    incremental: decision === undefined ? undefined : incrementalPlan(decision, clearing),
    destinationHash: facts.destinationHash,
    fileCount: newest.length,
    readBytes: readBytes + clearing.keptBytes,
    writeBytes,
    preflight,
    isBlocked: preflight.some(({ state }) => state === 'blocked'),
  }
}

/** What is deleted before anything is written. */
export function clearingOf(input: RestoreInput, facts: RestoreFacts): Clearing {
  return planClearing(facts.existing, facts.chain[0]?.entries ?? [], linksOf(input, facts))
}

function incrementalPlan(decision: IncrementalDecision, clearing: Clearing): IncrementalPlan {
  const { mode, isWiped, continues, modes, shift } = decision
  return {
    mode,
    isWiped,
    continues:
      continues === undefined
        ? undefined
        : { backupId: continues.backupId, instance: continues.instance, startedAt: continues.startedAt },
    modes: modes.map((one) => ({
      mode: one.mode,
      isPossible: one.refusal === undefined,
      reason:
        one.refusal === undefined
          ? undefined
          : { code: `mode-${one.refusal.code}`, values: one.refusal.values },
    })),
    shiftLsn: shift === undefined ? undefined : formatLsn(shift.control.stopLsn),
    deletedFiles: clearing.fileCount,
    deletedBytes: clearing.bytes,
    deletedWalFiles: clearing.walFileCount,
    deletedSample: [...clearing.files, ...clearing.trees].slice(0, SAMPLE_FILES),
    reusableBytes: clearing.keptBytes,
  }
}

/** How far WAL could be read for a preview is left to chance, and says nothing of what is asked for. */
function hashOf(asked: RestoreInput, { chain, destinationHash }: RestoreFacts): string {
  const input = { ...asked, walThrough: undefined }
  const backups = chain.map(({ backup }) => [backup.id, backup.control.status, backup.control.contentCrc])
  return createHash('sha256')
    .update(JSON.stringify([input, backups, destinationHash]))
    .digest('hex')
}

function unknownMapping(what: string, from: string, known: readonly string[]): EngineError {
  return new EngineError('plan.refused', `the backup has no ${what} "${from}"`, {
    hint: known.length === 0 ? `It has none at all; leave the mapping out.` : `It has: ${known.join(', ')}.`,
  })
}
