import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import type { Run } from '../base/run.ts'
import { readInventory } from '../catalog/inventory.ts'
import { freeBytes } from '../host/disk.ts'
import { gatherRestoreFacts } from '../operations/restore/gather.ts'
import { type JudgedTarget, judgeTarget } from '../operations/restore/judge-target.ts'
import { planRestore } from '../operations/restore/plan.ts'
import { recoverySettingsText } from '../operations/restore/recovery.ts'
import type { RestoreInput } from '../operations/restore/restore-facts.ts'
import { placeNeeds } from '../operations/restore/rooms.ts'
import { restoreBackup, type RestoreOutcome } from '../operations/restore/run.ts'
import { targetText } from '../operations/restore/target-text.ts'
import { requireReachable, targetLine } from '../operations/restore/target-verdict.ts'
import { warningsOf } from '../operations/restore/warn.ts'
import { validateBackups } from '../operations/validate/run.ts'
import { backupRecords } from './backup-records.ts'
import type { RestorePlan, RestoreRequest } from './contract/restore.ts'
import { restoreCommandLine } from './restore-command-line.ts'
import { targetRun } from './target-run.ts'
import { NEWEST_PROGRAM_VERSION } from './version.ts'

/** WAL that is not read by then is read when the restore starts. */
const PREVIEW_MS = 4_000

/** Everything that the restore would do, with the WAL up to the target looked at for as long as a preview may take. */
export async function makeRestorePlan(
  request: RestoreRequest,
  nowMs: number,
  signal: AbortSignal,
  limitMs = PREVIEW_MS,
): Promise<RestorePlan> {
  const judged = await judgeTarget(inputOf(request), { signal }, { limitMs })
  return await planJudged(request, judged, nowMs, signal)
}

/**
 * The same with all WAL up to the target read, for who carries it out at once: the backup is one that leads there, and not
 * the likeliest. `change` gives what is to be asked of that backup, by the plan without it.
 *
 * @throws {EngineError} as {@link makeRestorePlan}
 */
export async function makeSettledPlan(
  request: RestoreRequest,
  nowMs: number,
  run: Run,
  change: (plan: RestorePlan) => Partial<RestoreRequest>,
): Promise<{ readonly request: RestoreRequest; readonly plan: RestorePlan }> {
  const judged = await judgeTarget(inputOf(request), targetRun(run))
  const first = await planJudged(request, judged, nowMs, run.signal)
  const changed = { ...request, ...change(first), id: first.backup.id }
  return { request: changed, plan: await planJudged(changed, judged, nowMs, run.signal) }
}

async function planJudged(
  request: RestoreRequest,
  judged: JudgedTarget,
  nowMs: number,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const input = { ...inputOf(request), id: judged.chosen.backup.id, walThrough: judged.lastSegment }
  const facts = await gatherRestoreFacts(input, { signal })
  const plan = planRestore(input, facts)
  const wal = targetLine(judged, input)
  const records = backupRecords(await readInventory(input.catalog, input.instance, { signal }))
  const chain = facts.chain
    .toReversed()
    .flatMap(({ backup }) => records.find(({ id }) => id === backup.id) ?? [])
  const backup = chain.at(-1)
  if (backup === undefined)
    throw new EngineError('plan.stale', 'the backup vanished while the restore was planned', {
      hint: 'See what is left with "tidemark show", and start it again.',
    })
  return {
    ...plan,
    preflight: [...plan.preflight, ...(wal === undefined ? [] : [wal])],
    isBlocked: plan.isBlocked || wal?.state === 'blocked',
    backup,
    chain,
    dataDirectory: input.dataDirectory,
    freeBytes: facts.freeBytes,
    rooms: await Promise.all(
      placeNeeds(input, facts).map(async (need) => ({ ...need, freeBytes: await freeBytes(need.path) })),
    ),
    recoverySettings: recoverySettingsText(input, facts.backup.id, facts.backup.control, nowMs),
    // As long as WAL is unread, another backup may turn out to be the one.
    command: restoreCommandLine(judged.check?.kind === 'unread' ? request : { ...request, id: backup.id }),
  }
}

/** Whether the backup of a plan is the one that will be restored, and not the likeliest as long as WAL is unread. */
export function isSettled({ preflight }: Pick<RestorePlan, 'preflight'>): boolean {
  return preflight.every(({ sentence }) => sentence.code !== 'wal-read-at-start')
}

/**
 * Carries out the plan of a request: validates the chain unless that was declined, looks at the target, restores. `tell` hears
 * which backup it is, once that is sure.
 *
 * @throws {EngineError} `backup.damaged` when validation finds damage; else as {@link restoreBackup}
 */
export async function restoreAsPlanned(
  request: RestoreRequest,
  previewed: RestorePlan,
  run: Run,
  tell: (backupId: string) => void = () => undefined,
): Promise<RestoreOutcome> {
  const isTold =
    !isSettled(previewed) ||
    previewed.preflight.some(({ code, state }) => code === 'wal' && state === 'blocked')
  // Before the long validation; what the preview could read is looked at again after it.
  const judged = isTold ? await judgeTarget(inputOf(request), targetRun(run)) : undefined
  if (judged !== undefined) requireReachable(judged)
  const id = judged?.chosen.backup.id ?? previewed.backup.id
  tell(id)
  // Where the preview had no time to read all WAL, it may turn out that only an older backup will do.
  const plan =
    id === previewed.backup.id
      ? previewed
      : await makeRestorePlan({ ...request, id }, run.clock.nowMs(), run.signal)
  const input = inputOf({ ...request, id })
  const expected = { destinationHash: plan.destinationHash }
  // The target was no obstacle after all, or has been refused by now.
  const isBlocked = plan.preflight.some(({ code, state }) => code !== 'wal' && state === 'blocked')
  if (isBlocked) return await restoreBackup(input, undefined, run)
  for (const text of warningsOf(plan)) run.log.warning(text)
  // Where that is doubtful, the plan says so itself.
  const isUntold = plan.preflight.some(({ code, state }) => code === 'status' && state === 'ok')
  if (!input.isValidated && isUntold)
    run.log.warning(
      `backup ${id} is restored without validation${input.isForced ? ', as was forced' : ''}: damage goes unnoticed`,
    )
  if (input.isValidated) {
    const { verdicts, findings } = await validateBackups(
      {
        catalog: input.catalog,
        instances: [input.instance],
        ids: [plan.backup.id],
        threads: input.threads,
        checksBlocks: request.checksBlocks ?? true,
        newestProgramVersion: NEWEST_PROGRAM_VERSION,
      },
      run,
    )
    const damaged = verdicts.find(({ status }) => status !== 'OK')
    if (damaged !== undefined) {
      const found = findings.find(({ severity }) => severity === 'problem')
      throw new EngineError(
        'backup.damaged',
        `backup ${damaged.backupId} is ${damaged.status}: ${found?.message ?? 'it did not pass validation'}`,
        {
          hint: 'Nothing was written. Choose another backup, or restore what is left of this one by force; on the command line --force does that.',
          facts: { backup: damaged.backupId },
        },
      )
    }
    if (judged === undefined) {
      const last = await judgeTarget(input, targetRun(run))
      requireReachable(last)
      tellTarget(input, targetLine(last, input), run)
      return await restoreBackup({ ...input, walThrough: last.lastSegment }, expected, run)
    }
  }
  const wal =
    judged === undefined ? plan.preflight.find(({ code }) => code === 'wal') : targetLine(judged, input)
  tellTarget(input, wal, run)
  const walThrough = judged === undefined ? stopSegmentOf(plan) : judged.lastSegment
  return await restoreBackup({ ...input, walThrough }, expected, run)
}

function tellTarget(input: RestoreInput, wal: Parameters<typeof targetText>[1], run: Run): void {
  const text = targetText(input, wal)
  if (text !== undefined) run.log.info(text)
}

/** Where WAL that is copied ends, as the preview has read it. */
function stopSegmentOf({ walCopy }: RestorePlan): string | undefined {
  return walCopy?.extent === 'target' ? walCopy.last : undefined
}

/** @throws {EngineError} `usage.invalid` when a directory is to be moved aside and restored into as well. */
function inputOf(request: RestoreRequest): RestoreInput {
  const isIncremental = (request.incrementalMode ?? 'none') !== 'none'
  if (request.movesAside === true && isIncremental) {
    throw new EngineError('usage.invalid', 'what is moved aside cannot be restored into', {
      hint: 'Leave out either the incremental mode or the moving aside.',
    })
  }
  if (request.copiesWal === true && request.restoreCommand !== undefined) {
    throw new EngineError('usage.invalid', 'WAL is either copied or fetched by a command', {
      hint: 'Leave out --copy-wal or --restore-command.',
    })
  }
  const isForced = request.isForced ?? false
  return {
    catalog: request.catalog,
    instance: request.instance,
    id: request.id,
    dataDirectory: path.resolve(request.dataDirectory),
    target: request.target,
    isInclusive: request.isInclusive,
    targetTimeline: request.targetTimeline,
    targetAction: request.targetAction,
    restoreCommand: request.restoreCommand,
    copiesWal: request.copiesWal ?? false,
    walThrough: undefined,
    tablespaceMapping: request.tablespaceMapping ?? [],
    externalMapping: request.externalMapping ?? [],
    skipsExternal: request.skipsExternal ?? false,
    incrementalMode: request.incrementalMode ?? 'none',
    movesAside: request.movesAside ?? false,
    databases: request.databases,
    destroysOtherDatabases: request.destroysOtherDatabases ?? false,
    walDirectory: request.walDirectory === undefined ? undefined : path.resolve(request.walDirectory),
    threads: request.threads ?? 1,
    isValidated: !isForced && (request.isValidated ?? true),
    isSynced: request.isSynced ?? true,
    isForced,
    isReplica: request.isReplica ?? false,
    primaryConninfo: request.primaryConninfo,
    primarySlotName: request.primarySlotName,
  }
}
