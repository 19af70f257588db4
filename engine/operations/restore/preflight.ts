import { resolve } from 'node:path'
import { PREFLIGHT_HINTS, type PreflightHint } from '../../base/preflight-hints.ts'
import type { DatabaseMapEntry } from '../../format/database-map.ts'
import type { Clearing } from './clearing.ts'
import type { IncrementalDecision } from './incremental.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import type { WalCopy } from './wal-copy.ts'

export type PreflightLine = {
  readonly code:
    | 'chain'
    | 'status'
    | 'content'
    | 'wal'
    | 'wal-copy'
    | 'target-directory'
    | 'server-stopped'
    | 'tablespaces'
    | 'external-dirs'
    | 'free-space'
    | 'version'
    | 'owner'
    | 'clock'
    | 'standby'
    | 'configuration'
    | 'time-zone'
  readonly state: 'ok' | 'unknown' | 'warning' | 'blocked'
  readonly sentence: { readonly code: string; readonly values: Readonly<Record<string, string | number>> }
  readonly hint: PreflightHint | undefined
}

/** Room besides the files themselves: WAL that replay writes, logs, temporary files. */
const SPARE_SHARE = 1.1

export function chainLine({ chain, backup }: RestoreFacts): PreflightLine {
  return line('chain', 'ok', 'chain-complete', { count: chain.length, id: backup.id })
}

export function statusLine({ isForced, isValidated }: RestoreInput, { chain }: RestoreFacts): PreflightLine {
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

export function dataDirectoryLines(
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
  if (destination.restoring !== undefined) {
    const values = { path, pid: destination.restoring.pid }
    return [line(code, 'blocked', 'target-restoring', values, 'other-directory')]
  }
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

export function placeLine(
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
      return line(
        code,
        'blocked',
        'target-occupied',
        { path, sample: state.sample },
        // What stays in its old place is still of the cluster that got another name.
        code === 'tablespaces' && facts.targets.get(input.dataDirectory)?.kind === 'moved'
          ? 'map-moved'
          : 'empty-directory',
      )
    case 'moved':
      return line(code, 'warning', 'target-moved', { path, to: state.to }, 'kept-aside')
    case 'running':
      return line('server-stopped', 'blocked', 'target-running', { path, pid: state.pid }, 'other-directory')
    case 'catalog':
      return line(code, 'blocked', 'target-catalog', { path, catalog: state.catalog }, 'outside-catalog')
    case 'refused':
      return line(code, 'blocked', 'target-refused', { path, reason: state.message }, 'writable-directory')
  }
}

/** One target inside another would mix two parts of the cluster. */
export function overlapLines(paths: readonly string[]): readonly PreflightLine[] {
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

/**
 * Room for the files and for WAL that is copied, which may go to a disk of its own. As long as it is not known how much WAL
 * is needed, the most that it can be stops nothing: that is looked at again when it is known.
 */
export function spaceLines(
  fileBytes: number,
  walCopy: WalCopy | undefined,
  { freeBytes, walDisk }: Pick<RestoreFacts, 'freeBytes' | 'walDisk'>,
): readonly PreflightLine[] {
  if (walCopy === undefined) return [spaceLine(fileBytes, freeBytes)]
  const { bytes, extent } = walCopy
  const isKnown = extent !== 'at-most'
  if (walDisk !== undefined)
    return [spaceLine(fileBytes, freeBytes), notBlocked(spaceLine(bytes, walDisk.freeBytes), isKnown)]
  const files = spaceLine(fileBytes, freeBytes)
  return [files.state === 'blocked' ? files : notBlocked(spaceLine(fileBytes + bytes, freeBytes), isKnown)]
}

function notBlocked(space: PreflightLine, isKnown: boolean): PreflightLine {
  if (isKnown || space.state !== 'blocked') return space
  return line('free-space', 'warning', 'space-tight', space.sentence.values, 'room-for-wal')
}

/** What is copied, and what never will be. */
export function walCopyLines(
  { copiesWal, isForced, isReplica }: RestoreInput,
  walCopy: WalCopy | undefined,
): readonly PreflightLine[] {
  if (!copiesWal) return []
  if (walCopy === undefined) return [line('wal-copy', 'ok', 'wal-copy-none', {})]
  const { segments, bytes, last = '', missing, extent } = walCopy
  if (missing !== undefined)
    return [
      line(
        'wal-copy',
        isForced ? 'warning' : 'blocked',
        'wal-copy-missing',
        { segment: missing },
        'earlier-target',
      ),
    ]
  if (segments.length === 0 && extent === 'target') return [line('wal-copy', 'ok', 'wal-copy-none', {})]
  const values = { count: segments.length, bytes, segment: last }
  switch (extent) {
    case 'target':
      return [line('wal-copy', 'ok', 'wal-copied', values)]
    case 'at-most':
      return [line('wal-copy', 'ok', 'wal-copied-most', values)]
    case 'archive':
      // A standby gets the rest from its primary.
      return isReplica
        ? [line('wal-copy', 'ok', 'wal-copied', values)]
        : [line('wal-copy', 'warning', 'wal-copied-now', values, 'later-wal')]
  }
}

export function spaceLine(writeBytes: number, freeBytes: number | undefined): PreflightLine {
  if (freeBytes === undefined) return line('free-space', 'warning', 'space-unknown', { need: writeBytes })
  const values = { need: writeBytes, free: freeBytes }
  if (freeBytes < writeBytes) return line('free-space', 'blocked', 'space-short', values, 'more-space')
  if (freeBytes < writeBytes * SPARE_SHARE)
    return line('free-space', 'warning', 'space-tight', values, 'room-for-wal')
  return line('free-space', 'ok', 'space-enough', values)
}

export function excludedLine(excluded: readonly DatabaseMapEntry[]): PreflightLine {
  return line(
    'content',
    'warning',
    'databases-excluded',
    { count: excluded.length, names: excluded.map(({ name }) => name).join(', ') },
    'drop-excluded',
  )
}

/** Servers take both, and stop for good at the target. Source: PostgreSQL `xlogrecovery.c`, `recoveryStopsAfter`. */
export function replicaLine(): PreflightLine {
  return line('standby', 'warning', 'standby-target', {}, 'replica-stops')
}

export function ownerLine(): PreflightLine {
  return line('owner', 'warning', 'owner-root', {}, 'given-to-owner')
}

export function line(
  code: PreflightLine['code'],
  state: PreflightLine['state'],
  sentence: string,
  values: Readonly<Record<string, string | number>>,
  hint?: PreflightHint['code'],
): PreflightLine {
  const said = hint === undefined ? undefined : { code: hint, values: {}, text: PREFLIGHT_HINTS[hint] }
  return { code, state, sentence: { code: sentence, values }, hint: said }
}
