import type { BackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Run } from '../base/run.ts'
import type { RecoveryTarget } from '../format/recovery-settings.ts'
import { judgeTarget } from '../operations/restore/judge-target.ts'
import { reachedText, unreachableHint, whyUnreachable } from '../operations/restore/target-verdict.ts'
import { validateBackups, type ValidateInput, type ValidateOutcome } from '../operations/validate/run.ts'
import { targetRun } from './target-run.ts'

/** Where recovery is to stop, as requests have it. */
export type TargetToValidate = {
  /** Undefined: only the timeline is to be followed. */
  readonly target: RecoveryTarget | undefined
  readonly isInclusive: boolean | undefined
  readonly targetTimeline: string | undefined
}

/**
 * Validates the backup that a restore to this target or timeline would take, and whether the WAL of the archive leads to
 * the target.
 *
 * @throws {EngineError} `backup.*` when there is no such backup; `usage.invalid` unless one instance, and one backup at most, is named
 */
export async function validateTarget(
  input: ValidateInput,
  wanted: TargetToValidate,
  run: Run,
): Promise<ValidateOutcome> {
  const [instance, another] = input.instances
  if (instance === undefined || another !== undefined || (input.ids?.length ?? 0) > 1) {
    throw new EngineError(
      'usage.invalid',
      'a recovery target is of one instance, and reached from one backup',
      {
        hint: 'Name the instance, and one backup or none.',
      },
    )
  }
  const { catalog } = input
  const [id] = input.ids ?? []
  const request = { catalog, instance, id, ...wanted, isValidated: true, isForced: false }
  const judged = await judgeTarget(request, targetRun(run))
  const backupId: BackupId = judged.chosen.backup.id
  const outcome = await validateBackups({ ...input, ids: [backupId] }, run)
  const why = whyUnreachable(judged)
  if (judged.check === undefined && why === undefined) {
    if (wanted.targetTimeline !== undefined)
      run.log.info(`timeline ${judged.chosen.path.at(-1)?.timeline} can be followed from backup ${backupId}`)
    return outcome
  }
  if (why === undefined) {
    run.log.info(`the recovery target is reached from backup ${backupId}: ${reachedText(judged)}`)
    return outcome
  }
  const message = `the recovery target is not reached: ${why}`
  const hint = unreachableHint(judged)
  run.log.error(message)
  const { check, gap } = judged
  const where = check?.kind === 'not-reached' ? check.problem.segment : (gap?.segment ?? 'WAL')
  const finding = {
    severity: 'problem',
    code: 'target-unreachable',
    instance,
    backupId,
    where,
    message,
    hint,
  } as const
  return { ...outcome, findings: [...outcome.findings, finding], isSound: false }
}
