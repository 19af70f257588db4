import type { EngineClient } from '../../api/contract/contract.ts'
import type { DrillRecord } from '../../api/contract/drills.ts'
import { drillNoteText } from '../../base/drill-notes.ts'
import { type Command, EXIT } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import type { Given } from '../given.ts'
import { formatJson, type JsonValue } from '../json-text.ts'
import { prettyDuration } from '../pretty.ts'
import { readGivenTarget } from '../recovery-target.ts'

type DrillRequest = Parameters<EngineClient['drills.start']>[0]

/** Tests a restore and follows the work to its end. The exit status is 0 only when no check has failed. */
export const drill: Command = async (context) => {
  const { client, given, signal, world } = context
  const { job } = await client['drills.start'](readDrillRequest(given), { signal })
  const ended = await followJob(context, job)
  const status = reportEnd(context, ended)
  if (ended.result?.kind !== 'drill') return status
  const record = ended.result.drill
  world.writeOut(given.choice('format') === 'json' ? formatJson(drillToJson(record)) : formatDrill(record))
  return record.isPassed ? status : EXIT.failure
}

const ARROW = ' => '

function readDrillRequest(given: Given): DrillRequest {
  const database = given.text('check-database') ?? 'postgres'
  const sqlChecks = given.texts('check-sql')?.map((text) => {
    const at = text.lastIndexOf(ARROW)
    return at < 0
      ? { database, sql: text }
      : { database, sql: text.slice(0, at), expected: text.slice(at + ARROW.length) }
  })
  const request = {
    ...given.requireInstance(),
    ...readGivenTarget(given),
    id: given.backupId('backup-id'),
    restoreCommand: given.text('restore-command'),
    threads: given.integer('threads'),
    isValidated: given.has('no-validate') ? false : undefined,
    scratchDirectory: given.path('scratch-dir'),
    programs: given.path('server-programs'),
    checksIndexes: given.has('check-indexes') || undefined,
    checkLimitSeconds: secondsOf(given.durationMs('check-timeout')),
    recoveryLimitSeconds: secondsOf(given.durationMs('recovery-timeout')),
    sqlChecks,
  }
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as DrillRequest
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.max(1, Math.ceil(ms / 1000))
}

const MARKS = { passed: 'ok     ', failed: 'FAILED ', skipped: 'skipped' } as const

/** For people: a line for each check, then how long it took. */
export function formatDrill({ backupId, checks, steps, isPassed, durationMs }: DrillRecord): string {
  const lines = checks.map(
    (check) => `${MARKS[check.state]}  ${check.check.padEnd(10)}  ${drillNoteText(check)}`,
  )
  const times = steps.map((step) => `${step.step} ${prettyDuration(step.durationMs / 1000)}`).join(', ')
  const verdict = isPassed ? 'passed' : 'FAILED'
  return `${lines.join('\n')}\n\nThe restore test of ${backupId} has ${verdict} in ${prettyDuration(durationMs / 1000)}: ${times}\n`
}

/** For programs. What is not known is left out. */
function drillToJson(record: DrillRecord): JsonValue {
  return {
    instance: record.instance,
    'backup-id': record.backupId,
    'started-at': record.startedAt,
    'duration-ms': record.durationMs,
    passed: record.isPassed,
    ...(record.stop && {
      timeline: record.stop.timeline,
      lsn: record.stop.lsn,
      'last-commit': record.stop.lastCommitAt,
    }),
    steps: record.steps.map(({ step, durationMs, bytes }) => ({
      step,
      'duration-ms': durationMs,
      bytes: bytes,
    })),
    checks: record.checks.map((check) => ({
      check: check.check,
      state: check.state,
      code: check.code,
      values: check.values,
      text: drillNoteText(check),
      'duration-ms': check.durationMs,
    })),
  }
}
