import { type DrillCheck, type DrillNote, drillNote, drillNoteText } from '../base/drill-notes.ts'
import { EngineError, isCancelled } from '../base/engine-error.ts'
import { isoFromMs } from '../base/iso-time.ts'
import { parseLsn } from '../base/lsn.ts'
import type { Run } from '../base/run.ts'
import { readInventory } from '../catalog/inventory.ts'
import { readTarget } from '../catalog/recovery-target.ts'
import { verifyStop } from '../catalog/verify-stop.ts'
import type { RowCount } from '../operations/drill/compare-counts.ts'
import { examineServer } from '../operations/drill/examine.ts'
import { listDatabases } from '../operations/steps/count-tables.ts'
import { isInRecovery } from '../server/promote.ts'
import type { RecoveryFailure, RecoveryStop, ScratchServer } from '../server/scratch-server.ts'
import type { EngineContext } from './context.ts'
import { keepWithBackup, learnDrills } from './drill-file.ts'
import type { DrillRecord, DrillRequest, DrillStep, ScratchRequest } from './contract/drills.ts'
import type { RestorePlan } from './contract/restore.ts'
import type { ScratchServerRecord } from './contract/scratch.ts'
import {
  prepareScratch,
  restoreScratch,
  type ScratchRestore,
  startRecovered,
  type Steps,
  stopRecord,
} from './scratch-run.ts'

const USUAL_TOLERANCE_PERCENT = 50
const USUAL_CHECK_SECONDS = 600
const USUAL_KEEP_MINUTES = 120

/** Failures that say something of the backup, its WAL or the server on it. Others say that nothing could be tried. */
const ABOUT_THE_BACKUP = /^(backup|wal|format|restore)\.|^plan\.refused$/

/**
 * Carries out a drill: what is wrong with the backup, its WAL or the data is in the record, which is kept in the book. When
 * it ends, in whatever way, no server runs and no file is left, unless the request wants the server to be kept.
 *
 * @throws {EngineError} when it could not be tried at all; when the signal fires
 */
export async function carryOutDrill(
  context: EngineContext,
  request: DrillRequest,
  id: string,
  run: Run,
  tell: (backupId: string) => void,
): Promise<DrillRecord> {
  const startedMs = context.clock.nowMs()
  const steps: DrillStep[] = []
  const checks: DrillCheck[] = []
  let counts: readonly RowCount[] | undefined
  let stop: RecoveryStop | RecoveryFailure | undefined
  let scratchId: string | undefined
  let removingMs = 0
  if (request.keepMinutes !== undefined) context.scratch.requireRoom()
  let plan: RestorePlan
  {
    await using cleanUp = new AsyncDisposableStack()
    const restored = await prepareScratch(context, request, id, run)
    plan = restored.plan
    const remove = cleanUp.use(restored)
    tell(plan.backup.id)
    const took = stepsInto(steps)
    const isRestored = await attempt(checks, request, () => restoreScratch(restored, took, run), run)
    if (isRestored) {
      const recovered = await recover(restored, request, took, checks, run)
      if (recovered !== undefined) {
        const { server } = recovered
        cleanUp.use(server)
        stop = recovered.stop
        note(checks, targetNotes(request, plan, recovered.stop))
        if (isReadable(recovered.stop)) {
          const beganMs = performance.now()
          learnDrills(context.book, await readInventory(request.catalog, request.instance, run))
          const examined = await examineServer(server, examinationOf(context, request, recovered.stop), run)
          took.add('checks', beganMs)
          checks.push(...examined.checks)
          counts = examined.counts
          if (request.keepMinutes !== undefined) {
            const kept = { request, plan, server, stop: recovered.stop, remove }
            await keepServer(context, kept, id, request.keepMinutes, run)
            scratchId = id
            // They go with the server that is kept.
            cleanUp.move()
          }
        }
      }
    }
    run.signal.throwIfAborted()
    removingMs = performance.now()
  }
  if (scratchId === undefined) stepsInto(steps).add('remove', removingMs)
  const record: DrillRecord = {
    id,
    catalog: request.catalog,
    instance: request.instance,
    backupId: plan.backup.id,
    target: request.target,
    startedAt: isoFromMs(startedMs),
    durationMs: context.clock.nowMs() - startedMs,
    isPassed: checks.every(({ state }) => state !== 'failed'),
    steps,
    checks,
    stop: stop === undefined || stop.state === 'failed' ? undefined : stopRecord(stop),
    scratchId,
  }
  context.book.save(record, counts)
  await keepWithBackup(record, counts, run.log)
  for (const check of checks) {
    const text = drillNoteText(check)
    if (check.state === 'failed') run.log.error(text)
    else run.log.info(text)
  }
  return record
}

/** Restores, starts a server and leaves it up. */
export async function openScratch(
  context: EngineContext,
  request: ScratchRequest,
  id: string,
  minutes: number | undefined,
  run: Run,
  tell: (backupId: string) => void,
): Promise<ScratchServerRecord> {
  context.scratch.requireRoom()
  await using cleanUp = new AsyncDisposableStack()
  const restored = cleanUp.use(await prepareScratch(context, request, id, run))
  tell(restored.plan.backup.id)
  const steps = stepsInto([])
  await restoreScratch(restored, steps, run)
  const { server, stop } = await startRecovered(restored, request.recoveryLimitSeconds, steps, run)
  cleanUp.use(server)
  if (!isReadable(stop)) {
    const message = stop.state === 'failed' ? stop.message : 'the server shut down'
    throw new EngineError('restore.unreachable', `the server gave recovery up: ${message}`, {
      hint: 'Choose another moment. The log of the job has what the server wrote.',
    })
  }
  const opened = { request, plan: restored.plan, server, stop, remove: restored }
  const record = await keepServer(context, opened, id, minutes ?? USUAL_KEEP_MINUTES, run)
  cleanUp.move()
  return record
}

type Opened = {
  readonly request: ScratchRequest
  readonly plan: RestorePlan
  readonly server: ScratchServer
  readonly stop: RecoveryStop
  readonly remove: AsyncDisposable
}

async function keepServer(
  context: EngineContext,
  { request, plan, server, stop, remove }: Opened,
  id: string,
  minutes: number,
  run: Run,
): Promise<ScratchServerRecord> {
  let databases: readonly string[]
  let state: ScratchServerRecord['state']
  {
    await using session = await server.session('postgres', run)
    databases = await listDatabases(session, run.signal)
    // It may have been opened to free what replay had locked.
    state = (await isInRecovery(session, run.signal)) ? 'paused' : 'open'
  }
  run.signal.throwIfAborted()
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await server[Symbol.asyncDispose]()
    await remove[Symbol.asyncDispose]()
  }
  const record = {
    id,
    catalog: request.catalog,
    instance: request.instance,
    backupId: plan.backup.id,
    target: request.target,
    databases,
    startedAt: isoFromMs(context.clock.nowMs()),
    dataDirectory: plan.dataDirectory,
    state,
    connection: addressOf(server),
    ...stopRecord(stop),
  }
  const major = Number.parseInt(plan.backup.serverVersion ?? '', 10)
  return context.scratch.add({ server, major, close: () => (closed ??= close()), record }, minutes)
}

function addressOf(server: ScratchServer): ScratchServerRecord['connection'] {
  const { host, port, user = '' } = server.connection()
  return { host: host ?? '', port: String(port), user }
}

function stepsInto(list: DrillStep[]): Steps {
  return {
    add: (step, startedMs, bytes) =>
      void list.push({ step, durationMs: Math.round(performance.now() - startedMs), bytes }),
  }
}

/** The restore as a check: what is wrong with the backup or its WAL is what a drill is there to find. */
async function attempt(
  checks: DrillCheck[],
  { isValidated = true }: DrillRequest,
  restore: () => ReturnType<typeof restoreScratch>,
  run: Run,
): Promise<boolean> {
  const startedMs = performance.now()
  const add = (one: DrillNote): void =>
    void checks.push({ ...one, durationMs: Math.round(performance.now() - startedMs) })
  try {
    const { backupId, fileCount } = await restore()
    const code = isValidated ? 'restored-validated' : 'restored'
    add(drillNote('restore', 'passed', code, { id: backupId, files: fileCount }))
    return true
  } catch (thrown) {
    run.signal.throwIfAborted()
    if (isCancelled(thrown)) throw thrown
    if (!(thrown instanceof EngineError) || !ABOUT_THE_BACKUP.test(thrown.code)) throw thrown
    add(drillNote('restore', 'failed', 'restore-failed', { message: thrown.message }))
    return false
  }
}

async function recover(
  restored: ScratchRestore,
  { recoveryLimitSeconds }: DrillRequest,
  steps: Steps,
  checks: DrillCheck[],
  run: Run,
): Promise<Awaited<ReturnType<typeof startRecovered>> | undefined> {
  try {
    return await startRecovered(restored, recoveryLimitSeconds, steps, run)
  } catch (thrown) {
    run.signal.throwIfAborted()
    if (!(thrown instanceof EngineError) || thrown.code !== 'run.timeout') throw thrown
    note(checks, [drillNote('recovery', 'failed', 'recovery-late', { seconds: recoveryLimitSeconds ?? 0 })])
    return undefined
  }
}

function isReadable(stop: RecoveryStop | RecoveryFailure): stop is RecoveryStop {
  return stop.state === 'paused' || stop.state === 'open'
}

/** Holds where the server stands against what was asked for, and what reading the WAL had promised. */
function targetNotes(
  { target, isInclusive }: DrillRequest,
  { preflight }: RestorePlan,
  stop: RecoveryStop | RecoveryFailure,
): readonly DrillNote[] {
  if (stop.state === 'failed')
    return [drillNote('recovery', 'failed', 'recovery-failed', { message: stop.message })]
  const { timeline, lsn } = stopRecord(stop)
  const standing = drillNote(
    'recovery',
    'passed',
    stop.state === 'paused' ? 'recovery-paused' : 'recovery-open',
    {
      lsn: lsn ?? '',
      timeline: timeline ?? '',
    },
  )
  if (target === undefined) return [standing]
  const line = preflight.find(({ code }) => code === 'wal')?.sentence
  const promised =
    line?.code === 'wal-reached'
      ? { timeline: Number(line.values['timeline']), endLsn: parseLsn(String(line.values['lsn'])) }
      : {}
  const faults = verifyStop(readTarget(target, { isInclusive }), { ...stop, stop: stop.log.stop }, promised)
  if (faults.length > 0)
    return [
      ...faults.map(({ message }) => drillNote('target', 'failed', 'target-missed', { message })),
      standing,
    ]
  const text = stop.log.stop?.text
  return [
    text === undefined
      ? drillNote('target', 'passed', 'target-end')
      : drillNote('target', 'passed', 'target-reached', { text }),
    standing,
  ]
}

function note(checks: DrillCheck[], notes: readonly DrillNote[]): void {
  for (const one of notes) checks.push({ ...one, durationMs: 0 })
}

function examinationOf({ book }: EngineContext, request: DrillRequest, stop: RecoveryStop) {
  return {
    sqlChecks: request.sqlChecks ?? [],
    expectedCounts: book.lastCounts(request, stopRecord(stop).lsn),
    tolerancePercent: request.tolerancePercent ?? USUAL_TOLERANCE_PERCENT,
    checksIndexes: request.checksIndexes ?? false,
    checkLimitMs: (request.checkLimitSeconds ?? USUAL_CHECK_SECONDS) * 1000,
  }
}
