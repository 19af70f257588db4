import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { TablespaceMapEntry } from '../../format/tablespace-map.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import { PREFLIGHT_HINTS, type PreflightHint } from '../../base/preflight-hints.ts'
import type { ReadableBackup } from './choose-backup.ts'
import type { ListedBackup } from './work-list.ts'

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
  /** By path: data directory, tablespaces, external directories. */
  readonly targets: ReadonlyMap<string, TargetState>
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
  readonly fileCount: number
  readonly readBytes: number
  readonly writeBytes: number
  readonly preflight: readonly PreflightLine[]
  readonly isBlocked: boolean
}

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

  const newest = facts.chain[0]?.entries ?? []
  const writeBytes = newest.reduce((sum, { fullBytes }) => sum + Math.max(0, fullBytes), 0)
  const readBytes = facts.chain
    .flatMap(({ entries }) => entries)
    .reduce((sum, { sizeBytes }) => sum + Math.max(0, sizeBytes), 0)
  const preflight = [
    chainLine(facts),
    statusLine(input, facts),
    ...targetLines('target-directory', [input.dataDirectory], facts),
    ...targetLines(
      'tablespaces',
      tablespaces.map(({ to }) => to),
      facts,
    ),
    ...targetLines(
      'external-dirs',
      externalDirs.map(({ to }) => to),
      facts,
    ),
    ...overlapLines(placesOf(input, facts)),
    spaceLine(writeBytes, facts.freeBytes),
    ...(facts.isRoot ? [ownerLine()] : []),
  ]
  return {
    hash: hashOf(input, facts),
    tablespaces,
    externalDirs,
    fileCount: newest.length,
    readBytes,
    writeBytes,
    preflight,
    isBlocked: preflight.some(({ state }) => state === 'blocked'),
  }
}

/** Every place that a restore writes to: the data directory, tablespaces, external directories. */
export function placesOf(
  input: RestoreInput,
  { tablespaces, externalDirs }: Pick<RestoreFacts, 'tablespaces' | 'externalDirs'>,
): readonly string[] {
  return [
    input.dataDirectory,
    ...tablespaces.map(({ path }) => mapped(path, input.tablespaceMapping)),
    ...(input.skipsExternal ? [] : externalDirs.map((from) => mapped(from, input.externalMapping))),
  ]
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

function targetLines(
  code: 'target-directory' | 'tablespaces' | 'external-dirs',
  paths: readonly string[],
  facts: RestoreFacts,
): readonly PreflightLine[] {
  return paths.map((path) => {
    const state = facts.targets.get(path) ?? { kind: 'absent' }
    switch (state.kind) {
      case 'absent':
        return line(code, 'ok', 'target-absent', { path })
      case 'empty':
        return line(code, 'ok', 'target-empty', { path })
      case 'occupied':
        return line(code, 'blocked', 'target-occupied', { path, sample: state.sample }, 'empty-directory')
      case 'running':
        return line(
          'server-stopped',
          'blocked',
          'target-running',
          { path, pid: state.pid },
          'other-directory',
        )
      case 'refused':
        return line(code, 'blocked', 'target-refused', { path, reason: state.message }, 'writable-directory')
    }
  })
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

function hashOf(input: RestoreInput, { chain }: RestoreFacts): string {
  const backups = chain.map(({ backup }) => [backup.id, backup.control.status, backup.control.contentCrc])
  return createHash('sha256')
    .update(JSON.stringify([input, backups]))
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
