import { EngineError } from '../../base/engine-error.ts'
import type { ErrorCode } from '../../base/error-codes.ts'
import { shellWord } from '../../base/shell-word.ts'
import { readControl } from '../../catalog/backup.ts'
import type { BackupControl, BackupStatus } from '../../format/backup-control.ts'
import type { RestorePlan } from './plan.ts'
import type { PreflightLine } from './preflight.ts'
import type { RestoreFacts } from './restore-facts.ts'

type Values = Readonly<Record<string, string | number>>

/** What blocks a restore, for logs and the command line. The window has its own words. */
const BLOCKED: Readonly<Record<string, readonly [ErrorCode, (values: Values) => string]>> = {
  'target-occupied': ['storage.not-empty', ({ path }) => `the directory "${path}" is not empty`],
  'target-catalog': [
    'plan.refused',
    ({ path, catalog }) => `"${path}" is, holds or lies in the backup catalog "${catalog}"`,
  ],
  'target-restoring': [
    'catalog.locked',
    ({ path, pid }) => `process ${pid} is restoring into "${path}" right now`,
  ],
  'target-running': ['server.running', ({ path, pid }) => `a server with pid ${pid} runs in "${path}"`],
  'space-short': ['storage.full', ({ need, free }) => `the restore needs ${need} bytes, ${free} are free`],
  'wal-copy-missing': [
    'wal.missing',
    ({ segment }) => `WAL segment ${segment} is neither in the archive nor in the backup`,
  ],
  'mode-not-a-cluster': [
    'storage.not-empty',
    ({ path }) => `the directory "${path}" holds files, but no data directory of PostgreSQL`,
  ],
  'mode-other-system': [
    'instance.identity-mismatch',
    ({ path, found, expected }) =>
      `"${path}" holds the cluster with system identifier ${found}, the instance is that of ${expected}`,
  ],
  'mode-pid-file-mangled': [
    'plan.refused',
    ({ path }) => `postmaster.pid in "${path}" cannot be read, so that a server may be running`,
  ],
  'mode-label-present': [
    'plan.refused',
    ({ path }) => `"${path}" holds a backup_label: its pg_control does not tell what its pages are`,
  ],
  'mode-not-shut-down': [
    'plan.refused',
    ({ path, state }) =>
      `the server of "${path}" was not shut down, but left ${String(state).replaceAll('-', ' ')}`,
  ],
  'mode-control-missing': ['plan.refused', ({ path }) => `"${path}" has no pg_control`],
  'mode-no-checksums': ['plan.refused', ({ path }) => `the cluster in "${path}" has no data checksums`],
  'mode-other-timeline': [
    'plan.refused',
    ({ path, lsn, timeline }) =>
      `the cluster in "${path}", at ${lsn} on timeline ${timeline}, does not descend from any backup of the chain`,
  ],
  'mode-out-of-reach': [
    'plan.refused',
    ({ path, lsn, timeline }) =>
      `the cluster in "${path}", at ${lsn} on timeline ${timeline}, is older than every backup of the chain`,
  ],
  'mode-partial-over-others': [
    'plan.refused',
    ({ path }) => `a partial restore would destroy all other databases in "${path}"`,
  ],
}

/** @throws {EngineError} for the first line that stands in the way. */
export function requireNotBlocked(plan: RestorePlan): void {
  const line = plan.preflight.find(({ state }) => state === 'blocked')
  if (line === undefined) return
  const [code, describe] = BLOCKED[line.sentence.code] ?? ['plan.refused', () => describeAnyway(line)]
  throw new EngineError(code, describe(line.sentence.values), { hint: hintOf(line) })
}

/** With the options and commands that a terminal has for it. */
function hintOf({ code, sentence, hint }: PreflightLine): string | undefined {
  const { path } = sentence.values
  if (sentence.code === 'target-running')
    return `To restore in place, stop it: pg_ctl -D ${shellWord(String(path))} stop -m fast. Else choose another directory.`
  if (sentence.code !== 'target-occupied') return hint?.text
  switch (code) {
    case 'target-directory':
      return hint?.code === 'empty-or-incremental'
        ? 'Choose another directory, keep what is the same with --incremental-mode=checksum, or let it be renamed with --move-aside.'
        : 'Choose another directory, or let it be renamed with --move-aside.'
    case 'tablespaces':
      if (hint?.code === 'map-moved')
        return 'Map the tablespace to an empty directory with --tablespace-mapping: what is in it belongs to the cluster that is moved aside.'
      return 'Map the tablespace to an empty directory with --tablespace-mapping, or the WAL with --waldir, or move away what is in it.'
    case 'external-dirs':
      return 'Map it to an empty directory with --external-mapping, or leave it out with --skip-external-dirs.'
    default:
      return hint?.text
  }
}

function describeAnyway({ sentence }: PreflightLine): string {
  const values = Object.entries(sentence.values).map(([name, value]) => `${name} ${value}`)
  return `${sentence.code.replaceAll('-', ' ')}: ${values.join(', ')}`
}

/**
 * @throws {EngineError} `plan.stale` when the plan is not the one that was shown, or the directory is not as it was.
 */
export function requireUnchanged(
  plan: RestorePlan,
  expected: { readonly hash?: string | undefined; readonly destinationHash?: string | undefined },
): void {
  if (expected.destinationHash !== undefined && expected.destinationHash !== plan.destinationHash) {
    throw new EngineError('plan.stale', 'the directory changed after the restore was planned', {
      hint: 'See what writes there, look at the new plan and start it again.',
    })
  }
  if (expected.hash !== undefined && expected.hash !== plan.hash) throw staleCatalog()
}

/** For a lock that cannot be had: a backup that was there a moment ago is gone when somebody has merged or deleted it. */
export function refuseVanished(thrown: unknown): never {
  throw thrown instanceof EngineError && thrown.code === 'storage.not-found' ? staleCatalog(thrown) : thrown
}

/**
 * What was restored was whole only if nobody deleted or merged it meanwhile: locks that could not be written down keep
 * nobody from that. Pins, notes and verdicts may have changed.
 *
 * @throws {EngineError} `plan.stale`
 */
export function requireChainUnchanged({ chain }: Pick<RestoreFacts, 'chain'>): void {
  for (const { backup } of chain) {
    const now = readControl(backup.directory).control
    if (now !== undefined && !BEING_CHANGED.has(now.status) && isSameContent(now, backup.control)) continue
    throw new EngineError('plan.stale', `backup ${backup.id} was deleted or merged while it was restored`, {
      hint: 'No server can start on what was restored. See what is left with "tidemark show", and restore that.',
      facts: { backup: backup.id },
    })
  }
}

const BEING_CHANGED: ReadonlySet<BackupStatus> = new Set(['MERGING', 'MERGED', 'DELETING', 'DELETED'])

function isSameContent(a: BackupControl, b: BackupControl): boolean {
  return (
    a.mode === b.mode && a.parentId === b.parentId && a.stopLsn === b.stopLsn && a.contentCrc === b.contentCrc
  )
}

function staleCatalog(cause?: EngineError): EngineError {
  return new EngineError('plan.stale', 'the catalog or the request changed after the restore was planned', {
    hint: 'Look at the new plan and start it again.',
    cause,
  })
}
