import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn } from '../../base/lsn.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import type { DatabaseMapEntry } from '../../format/database-map.ts'
import type { TablespaceMapEntry } from '../../format/tablespace-map.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import { PREFLIGHT_HINTS, type PreflightHint } from '../../base/preflight-hints.ts'
import type { ReadableBackup } from './choose-backup.ts'
import { type Clearing, type Links, planClearing } from './clearing.ts'
import { type DatabaseChoice, excludedDatabases } from './databases.ts'
import type { Destination } from './destination.ts'
import type { ExistingFile } from './existing-files.ts'
import {
  decideIncremental,
  type IncrementalDecision,
  type IncrementalMode,
  isOwnPlace,
} from './incremental.ts'
import { type ListedBackup, WAL_DIRECTORIES } from './work-list.ts'

/** What a caller asks for. Defaults are those of the reference tool. */
export type RestoreInput = {
  readonly catalog: string
  readonly instance: string
  readonly id: BackupId | undefined
  readonly dataDirectory: string
  readonly target: RecoveryTarget | undefined
  readonly isInclusive: boolean | undefined
  readonly targetTimeline: string | undefined
  readonly targetAction: 'pause' | 'promote' | 'shutdown' | undefined
  readonly restoreCommand: string | undefined
  readonly tablespaceMapping: readonly { readonly from: string; readonly to: string }[]
  readonly externalMapping: readonly { readonly from: string; readonly to: string }[]
  readonly skipsExternal: boolean
  /** What happens to files in a data directory that is not empty; `none` refuses it. */
  readonly incrementalMode: IncrementalMode
  /** Databases to restore; undefined = the whole cluster. */
  readonly databases: DatabaseChoice | undefined
  /** A partial restore into a directory that is not empty takes all other databases away. */
  readonly destroysOtherDatabases: boolean
  /** Where the WAL goes if not into the data directory, which then has a link. */
  readonly walDirectory: string | undefined
  readonly threads: number
  readonly isValidated: boolean
  readonly isSynced: boolean
  readonly isForced: boolean
  readonly isReplica: boolean
  readonly primaryConninfo: string | undefined
  readonly primarySlotName: string | undefined
}

/** What was found at a place that is to be written to. */
export type TargetState =
  | { readonly kind: 'absent' | 'empty' }
  | { readonly kind: 'occupied'; readonly sample: string }
  | { readonly kind: 'running'; readonly pid: number }
  | { readonly kind: 'refused'; readonly message: string }

/** Everything the decision rests on, gathered before it. */
export type RestoreFacts = {
  readonly backup: ReadableBackup
  /** Newest first. */
  readonly chain: readonly ListedBackup[]
  readonly tablespaces: readonly TablespaceMapEntry[]
  /** In the order of their numbers, from 1. */
  readonly externalDirs: readonly string[]
  /** The databases of the backup; undefined when it has no map of them. */
  readonly databaseMap: readonly DatabaseMapEntry[] | undefined
  /** Of the cluster of the instance. */
  readonly systemIdentifier: string | undefined
  /** By path: data directory, tablespaces, external directories. */
  readonly targets: ReadonlyMap<string, TargetState>
  /** Of a data directory that is not empty. */
  readonly destination: Destination | undefined
  /** What is in the places that are written to, when it may stay or is deleted. */
  readonly existing: readonly ExistingFile[]
  /** Changes with whatever is in a data directory that is not empty. */
  readonly destinationHash: string
  readonly freeBytes: number | undefined
  readonly isRoot: boolean
}

export type PreflightLine = {
  readonly code:
    | 'chain'
    | 'status'
    | 'content'
    | 'wal'
    | 'target-directory'
    | 'server-stopped'
    | 'tablespaces'
    | 'external-dirs'
    | 'free-space'
    | 'version'
    | 'owner'
  readonly state: 'ok' | 'warning' | 'blocked'
  readonly sentence: { readonly code: string; readonly values: Readonly<Record<string, string | number>> }
  readonly hint: PreflightHint | undefined
}

export type RestorePlan = {
  /** Stands for the backups, their lists and the request: another hash, another restore. */
  readonly hash: string
  readonly tablespaces: readonly { readonly oid: number; readonly from: string; readonly to: string }[]
  readonly externalDirs: readonly { readonly number: number; readonly from: string; readonly to: string }[]
  readonly walDirectory: string | undefined
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
/** Room besides the files themselves: WAL that replay writes, logs, temporary files. */
const SPARE_SHARE = 1.1

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
  const writeBytes = newest.filter(isWanted).reduce((sum, { fullBytes }) => sum + Math.max(0, fullBytes), 0)
  const readBytes = facts.chain
    .flatMap(({ entries }) => entries)
    .filter(isWanted)
    .reduce((sum, { sizeBytes }) => sum + Math.max(0, sizeBytes), 0)
  const decision = decideIncremental(input, facts)
  const clearing = clearingOf(input, facts)
  const links = linksOf(input, facts)
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
    spaceLine(Math.max(0, writeBytes - clearing.keptBytes - clearing.bytes), facts.freeBytes),
    ...(excluded.length === 0 ? [] : [excludedLine(excluded)]),
    ...(facts.isRoot ? [ownerLine()] : []),
  ]
  return {
    hash: hashOf(input, facts),
    tablespaces,
    externalDirs,
    walDirectory: input.walDirectory,
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

/** Links that the data directory is to have, and where they lead. */
export function linksOf(
  input: RestoreInput,
  { tablespaces, chain }: Pick<RestoreFacts, 'tablespaces' | 'chain'>,
): Links {
  const links = new Map(
    tablespaces.map(({ oid, path }) => [`pg_tblspc/${oid}`, resolve(mapped(path, input.tablespaceMapping))]),
  )
  const wal = chain[0]?.entries.find(
    ({ path, externalDirNumber }) => externalDirNumber === 0 && WAL_DIRECTORIES.has(path),
  )
  if (input.walDirectory !== undefined && wal !== undefined) links.set(wal.path, resolve(input.walDirectory))
  return links
}

/** Places that are emptied before, as was forced: they hold something, and it is not of this cluster. */
export function wipedPlaces(
  input: RestoreInput,
  facts: Pick<
    RestoreFacts,
    'tablespaces' | 'externalDirs' | 'chain' | 'targets' | 'destination' | 'systemIdentifier'
  >,
): readonly string[] {
  if (!input.isForced || input.incrementalMode === 'none') return []
  const decision = decideIncremental(input, facts)
  const links = linksOf(input, facts)
  const own = new Set([
    ...[...links.values()].filter((to) => isOwnPlace(to, decision, { links, ...facts })),
    ...externalPlaces(input, facts)
      .filter(({ from, to }) => isOwnExternal(from, to, decision))
      .map(({ to }) => resolve(to)),
  ])
  return placesOf(input, facts).filter((place) => {
    if (facts.targets.get(place)?.kind !== 'occupied') return false
    return place === input.dataDirectory ? decision?.isWiped === true : !own.has(resolve(place))
  })
}

/** Every place that a restore writes to: the data directory, tablespaces, external directories. */
export function placesOf(
  input: RestoreInput,
  { tablespaces, externalDirs }: Pick<RestoreFacts, 'tablespaces' | 'externalDirs'>,
): readonly string[] {
  return [
    input.dataDirectory,
    ...tablespaces.map(({ path }) => mapped(path, input.tablespaceMapping)),
    ...(input.walDirectory === undefined ? [] : [input.walDirectory]),
    ...externalPlaces(input, { externalDirs }).map(({ to }) => to),
  ]
}

/** In the order of their numbers. */
export function externalPlaces(
  input: RestoreInput,
  { externalDirs }: Pick<RestoreFacts, 'externalDirs'>,
): readonly { readonly from: string; readonly to: string }[] {
  if (input.skipsExternal) return []
  return externalDirs.map((from) => ({ from, to: mapped(from, input.externalMapping) }))
}

/** Source: `catalog-format.md` section 10.3. */
function isOwnExternal(from: string, to: string, decision: IncrementalDecision | undefined): boolean {
  if (decision === undefined || decision.mode === 'none') return false
  return samePath(from, to) || decision.continues?.places.some((place) => samePath(place, to)) === true
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

function mapped(path: string, mapping: RestoreInput['tablespaceMapping']): string {
  return mapping.find(({ from }) => samePath(from, path))?.to ?? path
}

function chainLine({ chain, backup }: RestoreFacts): PreflightLine {
  return line('chain', 'ok', 'chain-complete', { count: chain.length, id: backup.id })
}

function statusLine({ isForced, isValidated }: RestoreInput, { chain }: RestoreFacts): PreflightLine {
  const doubtful = chain.find(
    ({ backup }) => backup.control.status !== 'OK' && backup.control.status !== 'DONE',
  )
  if (doubtful !== undefined) {
    const values = { id: doubtful.backup.id, status: doubtful.backup.control.status }
    if (isForced) return line('status', 'warning', 'status-forced', values)
    return isValidated
      ? line('status', 'warning', 'status-doubtful', values, 'validated-first')
      : line('status', 'blocked', 'status-doubtful', values, 'validate-or-force')
  }
  const unchecked = chain.find(({ backup }) => backup.control.status === 'DONE')
  if (unchecked !== undefined && !isValidated) {
    return line('status', 'warning', 'status-unchecked', { id: unchecked.backup.id }, 'let-validate')
  }
  return line('status', 'ok', isValidated ? 'status-validated-first' : 'status-ok', {})
}

function dataDirectoryLines(
  input: RestoreInput,
  facts: RestoreFacts,
  decision: IncrementalDecision | undefined,
  clearing: Clearing,
): readonly PreflightLine[] {
  const path = input.dataDirectory
  const code = 'target-directory'
  const { destination } = facts
  if (decision === undefined || destination === undefined || facts.targets.get(path)?.kind !== 'occupied')
    return [placeLine(code, path, false, input, facts)]
  if (destination.whyNotWritable !== undefined) {
    const values = { path, reason: destination.whyNotWritable }
    return [line(code, 'blocked', 'target-refused', values, 'writable-directory')]
  }
  const values = { path, files: clearing.fileCount, bytes: clearing.bytes, walFiles: clearing.walFileCount }
  if (decision.isWiped) return [line(code, 'warning', 'target-wiped', values, 'wiped')]
  if (decision.refusal !== undefined) {
    const { refusal } = decision
    return [line(code, 'blocked', `mode-${refusal.code}`, { path, ...refusal.values }, hintOf(decision))]
  }
  if (decision.mode === 'none') {
    const isPossible = decision.modes.some(({ refusal }) => refusal === undefined)
    const state = placeLine(code, path, false, input, facts)
    if (!isPossible || state.sentence.code !== 'target-occupied') return [state]
    return [line(code, 'blocked', 'target-occupied', state.sentence.values, 'empty-or-incremental')]
  }
  const lines: PreflightLine[] = []
  if (decision.continues !== undefined) {
    const { backupId, instance, startedAt } = decision.continues
    lines.push(
      line(
        code,
        'warning',
        'target-unfinished',
        { path, id: backupId, instance, at: startedAt },
        'continued',
      ),
    )
  } else {
    lines.push(line(code, 'warning', `target-${decision.mode}`, values, 'overwritten'))
  }
  if (clearing.walFileCount > 0 && decision.continues === undefined)
    lines.push(line('wal', 'warning', 'wal-deleted', values, 'archive-wal-first'))
  return lines
}

function hintOf({ refusal, modes }: IncrementalDecision): PreflightHint['code'] {
  switch (refusal?.code) {
    case 'other-system':
      return 'other-directory-or-force'
    case 'partial-over-others':
      return 'destroy-others'
    case 'pid-file-mangled':
      return 'remove-pid-file'
    default:
      return modes.some((one) => one.refusal === undefined) ? 'checksum-instead' : 'empty-directory'
  }
}

function placeLine(
  code: 'target-directory' | 'tablespaces' | 'external-dirs',
  path: string,
  isOwn: boolean,
  input: RestoreInput,
  facts: RestoreFacts,
): PreflightLine {
  const state = facts.targets.get(path) ?? { kind: 'absent' }
  switch (state.kind) {
    case 'absent':
      return line(code, 'ok', 'target-absent', { path })
    case 'empty':
      return line(code, 'ok', 'target-empty', { path })
    case 'occupied':
      if (isOwn) return line(code, 'ok', 'target-own', { path })
      if (code !== 'target-directory' && input.isForced && input.incrementalMode !== 'none')
        return line(code, 'warning', 'place-wiped', { path, sample: state.sample }, 'wiped')
      return line(code, 'blocked', 'target-occupied', { path, sample: state.sample }, 'empty-directory')
    case 'running':
      return line('server-stopped', 'blocked', 'target-running', { path, pid: state.pid }, 'other-directory')
    case 'refused':
      return line(code, 'blocked', 'target-refused', { path, reason: state.message }, 'writable-directory')
  }
}

function excludedLine(excluded: readonly DatabaseMapEntry[]): PreflightLine {
  return line(
    'content',
    'warning',
    'databases-excluded',
    { count: excluded.length, names: excluded.map(({ name }) => name).join(', ') },
    'drop-excluded',
  )
}

/** One target inside another would mix two parts of the cluster. */
function overlapLines(paths: readonly string[]): readonly PreflightLine[] {
  for (const [index, inner] of paths.entries()) {
    const outer = paths.find(
      (other, at) => at !== index && `${resolve(inner)}/`.startsWith(`${resolve(other).replace(/\/$/, '')}/`),
    )
    if (outer !== undefined) {
      return [line('tablespaces', 'blocked', 'targets-overlap', { inner, outer }, 'map-apart')]
    }
  }
  return []
}

function spaceLine(writeBytes: number, freeBytes: number | undefined): PreflightLine {
  if (freeBytes === undefined) return line('free-space', 'warning', 'space-unknown', { need: writeBytes })
  const values = { need: writeBytes, free: freeBytes }
  if (freeBytes < writeBytes) return line('free-space', 'blocked', 'space-short', values, 'more-space')
  if (freeBytes < writeBytes * SPARE_SHARE)
    return line('free-space', 'warning', 'space-tight', values, 'room-for-wal')
  return line('free-space', 'ok', 'space-enough', values)
}

function ownerLine(): PreflightLine {
  return line('owner', 'warning', 'owner-root', {}, 'given-to-owner')
}

function line(
  code: PreflightLine['code'],
  state: PreflightLine['state'],
  sentence: string,
  values: Readonly<Record<string, string | number>>,
  hint?: PreflightHint['code'],
): PreflightLine {
  const said = hint === undefined ? undefined : { code: hint, values: {}, text: PREFLIGHT_HINTS[hint] }
  return { code, state, sentence: { code: sentence, values }, hint: said }
}

function hashOf(input: RestoreInput, { chain, destinationHash }: RestoreFacts): string {
  const backups = chain.map(({ backup }) => [backup.id, backup.control.status, backup.control.contentCrc])
  return createHash('sha256')
    .update(JSON.stringify([input, backups, destinationHash]))
    .digest('hex')
}

function samePath(a: string, b: string): boolean {
  return a.replace(/(?<=.)\/+$/, '') === b.replace(/(?<=.)\/+$/, '')
}

function unknownMapping(what: string, from: string, known: readonly string[]): EngineError {
  return new EngineError('plan.refused', `the backup has no ${what} "${from}"`, {
    hint: known.length === 0 ? `It has none at all; leave the mapping out.` : `It has: ${known.join(', ')}.`,
  })
}
