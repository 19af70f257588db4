import os from 'node:os'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { formatLsn, type Lsn } from '../base/lsn.ts'
import type { Log } from '../base/log.ts'
import type { Run } from '../base/run.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { isoMicros } from '../catalog/recovery-time-text.ts'
import { findPostgresPrograms, type PostgresPrograms } from '../host/postgres-programs.ts'
import { makeScratchDirectory, removeLeftScratchDirectories } from '../host/scratch-directory.ts'
import type { RestoreOutcome } from '../operations/restore/run.ts'
import { freeReplayLocks } from '../server/free-replay-locks.ts'
import {
  type RecoveryFailure,
  type RecoveryStop,
  type ScratchServer,
  startScratchServer,
} from '../server/scratch-server.ts'
import type { EngineContext } from './context.ts'
import type { DrillStep, ScratchRequest } from './contract/drills.ts'
import type { RestorePlan, RestoreRequest } from './contract/restore.ts'
import type { ScratchServerRecord } from './contract/scratch.ts'
import { makeSettledPlan, restoreAsPlanned } from './restore-job.ts'

const USUAL_RECOVERY_SECONDS = 21_600

/** Where scratch directories are made when nobody says otherwise. */
export function usualScratchParent(env: EngineContext['env']): string {
  return path.join(env['TMPDIR'] ?? os.tmpdir(), 'tidemark')
}

/** Removes what engines left that were killed. What cannot be removed stays. */
export async function removeLeftScratch({
  env,
  book,
  log,
}: Pick<EngineContext, 'env' | 'book' | 'log'>): Promise<void> {
  for (const parent of new Set([usualScratchParent(env), ...book.parents()])) {
    await clear(parent, log)
  }
}

async function clear(parent: string, log: Log): Promise<void> {
  for (const directory of await removeLeftScratchDirectories(parent))
    log.info(`removed "${directory}", which a process left that has ended`)
}

/** A restore whose place and programs are there. Disposing removes its files. */
export type ScratchRestore = AsyncDisposable & {
  readonly request: RestoreRequest
  readonly plan: RestorePlan
  readonly programs: PostgresPrograms
  readonly dataDirectory: string
  readonly users: readonly string[]
}

/**
 * Chooses the backup, finds the programs of its server, and makes a scratch directory in which everything will be:
 * tablespaces too, without external directories.
 *
 * @throws {EngineError} `storage.full` when there is too little room, `storage.not-found` without programs,
 * `server.denied` as root; as {@link makeSettledPlan}. Nothing is left behind then.
 */
export async function prepareScratch(
  { env, clock, book }: Pick<EngineContext, 'env' | 'clock' | 'book'>,
  asked: ScratchRequest,
  name: string,
  run: Run,
): Promise<ScratchRestore> {
  const parent = asked.scratchDirectory ?? usualScratchParent(env)
  await using cleanUp = new AsyncDisposableStack()
  book.addParent(parent)
  // An engine that starts knows of those only that its own state names.
  await clear(parent, run.log)
  const scratch = cleanUp.use(await makeScratchDirectory(parent, name))
  const { catalog, instance, id, target, isInclusive, targetTimeline, restoreCommand, threads } = asked
  const bare: RestoreRequest = {
    catalog,
    instance,
    id,
    target,
    isInclusive,
    targetTimeline,
    restoreCommand,
    threads,
    isValidated: asked.isValidated,
    dataDirectory: scratch.dataDirectory,
    isSynced: false,
    skipsExternal: true,
  }
  const { request, plan } = await makeSettledPlan(bare, clock.nowMs(), run, ({ tablespaces }) => ({
    tablespaceMapping: tablespaces.map(({ oid, from }) => ({
      from,
      to: path.join(scratch.path, 'tablespaces', String(oid)),
    })),
  }))
  requireRoom(plan)
  const major = Number.parseInt(plan.backup.serverVersion ?? '', 10)
  const programs = await findPostgresPrograms({ major, directory: asked.programs, env }, run)
  const user = readInstanceConfig(catalog, instance).values['pguser']
  const users = [...(user === undefined ? [] : [user]), 'postgres', os.userInfo().username]
  const kept = cleanUp.move()
  return {
    request,
    plan,
    programs,
    dataDirectory: scratch.dataDirectory,
    users,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function requireRoom({ preflight, writeBytes, freeBytes, dataDirectory }: RestorePlan): void {
  if (!preflight.some(({ code, state }) => code === 'free-space' && state === 'blocked')) return
  throw new EngineError(
    'storage.full',
    `the restore needs ${writeBytes} bytes, and there are ${freeBytes} in "${path.dirname(dataDirectory)}"`,
    { hint: 'Make room, or name a scratch directory on another disk.' },
  )
}

/** What each step took. */
export type Steps = { add(step: DrillStep['step'], startedMs: number, bytes?: number): void }

export async function restoreScratch(
  { request, plan }: ScratchRestore,
  steps: Steps,
  run: Run,
): Promise<RestoreOutcome> {
  const startedMs = performance.now()
  const outcome = await restoreAsPlanned(request, plan, run)
  steps.add('restore', startedMs, outcome.writtenBytes)
  return outcome
}

/** A server whose recovery went no further. Disposing ends it. */
export type RecoveredScratch = {
  readonly server: ScratchServer
  readonly stop: RecoveryStop | RecoveryFailure
}

/**
 * Starts the server and waits for the end of recovery; all tables can be read then. The caller disposes the server.
 *
 * @throws {EngineError} `run.timeout`, `process.failed`, `server.denied`; no server runs then
 */
export async function startRecovered(
  restored: ScratchRestore,
  limitSeconds: number | undefined,
  steps: Steps,
  run: Run,
): Promise<RecoveredScratch> {
  const { dataDirectory, programs, users, plan } = restored
  const report = (phase: 'start-server' | 'replay', doneBytes = 0): void =>
    run.report({
      phase,
      doneBytes,
      totalBytes: undefined,
      doneFiles: 0,
      totalFiles: undefined,
      currentFiles: [],
    })
  report('start-server')
  let startedMs = performance.now()
  await using cleanUp = new AsyncDisposableStack()
  const settings = { fsync: 'off', full_page_writes: 'off' }
  const server = cleanUp.use(await startScratchServer({ dataDirectory, programs, users, settings }, run))
  steps.add('start', startedMs)
  startedMs = performance.now()
  const bytesTo = (lsn: Lsn | undefined): number =>
    lsn === undefined ? 0 : Number(lsn > plan.backup.startLsn ? lsn - plan.backup.startLsn : 0n)
  report('replay')
  const stop = await server.waitForRecovery({
    limitMs: (limitSeconds ?? USUAL_RECOVERY_SECONDS) * 1000,
    signal: run.signal,
    onProgress: ({ replayedLsn }) => report('replay', bytesTo(replayedLsn)),
  })
  steps.add('replay', startedMs, stop.state === 'failed' ? undefined : bytesTo(stop.replayedLsn))
  if (stop.state === 'paused') await freeReplayLocks(server, run)
  cleanUp.move()
  return { server, stop }
}

/** Where recovery stands, as the contract has it. */
export function stopRecord(
  stop: RecoveryStop,
): Pick<ScratchServerRecord, 'timeline' | 'lsn' | 'lastCommitAt'> {
  return {
    timeline: stop.timeline,
    lsn: stop.replayedLsn === undefined ? undefined : formatLsn(stop.replayedLsn),
    lastCommitAt: stop.lastXactMicros === undefined ? undefined : (isoMicros(stop.lastXactMicros) as IsoTime),
  }
}
