import type { Run } from '../../base/run.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn } from '../../base/lsn.ts'
import type { Timeline } from '../../base/wal-segment.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import type { KnownBackup } from '../../catalog/parent.ts'
import type { BackupMode } from '../../format/backup-control.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import { type AssessedServer, assessModes, type ModeAssessment } from './assess-modes.ts'
import { type ChangeTracking, describeChoice, describeReasons } from './choose-mode.ts'
import type { BackupSettings } from './settings.ts'

type Against = {
  readonly parent: KnownBackup
  readonly timeline: Timeline
  readonly history: TimelineHistory
}

/** What a backup is taken against. */
export type Basis =
  | { readonly mode: 'FULL' }
  | (Against & { readonly mode: 'DELTA' })
  | (Against & { readonly mode: 'PAGE' })
  | (Against & { readonly mode: 'PTRACK'; readonly tracking: ChangeTracking })

/**
 * Decides before anything starts whether the mode that was asked for is possible, and which one `AUTO` stands for. Its
 * reason goes into the log.
 *
 * @throws {EngineError} `plan.refused`, naming the modes that are possible; `catalog.newer-version` when the parent is of a
 * newer program than we know
 */
export async function findBasis(
  settings: Pick<BackupSettings, 'mode'>,
  inventory: Pick<Inventory, 'backups'>,
  server: AssessedServer,
  run: Run,
): Promise<Basis> {
  if (settings.mode === 'FULL') return { mode: 'FULL' }
  const assessment = await assessModes(inventory, server, run)
  const { auto } = assessment
  if (settings.mode !== 'AUTO') return basisOf(settings.mode, assessment, server.facts.timeline)
  const basis = basisOf(auto.mode, assessment, server.facts.timeline)
  run.log.info(`mode ${auto.mode}: ${describeChoice(auto)}`)
  return basis
}

/**
 * The basis of a mode that is possible.
 *
 * @throws {EngineError} `plan.refused`, `catalog.newer-version`
 */
export function basisOf(mode: BackupMode, assessment: ModeAssessment, timeline: Timeline): Basis {
  if (mode === 'FULL') return { mode }
  const { modes, against } = assessment
  if (against !== undefined && modes[mode].isPossible) {
    if (mode === 'DELTA') return { mode, timeline, ...against }
    if (mode === 'PAGE') return { mode, timeline, ...against }
    if (modes.PTRACK.isPossible) return { mode, timeline, ...against, tracking: modes.PTRACK.tracking }
  }
  throw refused(mode, assessment)
}

function refused(mode: 'DELTA' | 'PAGE' | 'PTRACK', { modes, against }: ModeAssessment): EngineError {
  const found = modes[mode]
  const reason = found.isPossible ? 'it has no parent' : describeReasons(found.reasons)
  const advice = found.isPossible ? undefined : found.advice?.text
  const possible = (['DELTA', 'PAGE', 'PTRACK', 'FULL'] as const).filter((other) => modes[other].isPossible)
  const isNewer = !found.isPossible && found.reasons.some(({ code }) => code === 'parent-newer')
  return new EngineError(
    isNewer ? 'catalog.newer-version' : 'plan.refused',
    `a ${mode} backup is not possible: ${reason}`,
    {
      hint: `Possible now: ${possible.join(', ')}.${advice === undefined ? '' : ` ${advice}`}`,
      ...(against !== undefined && {
        facts: { parent: against.parent.id, start: formatLsn(against.parent.control.startLsn) },
      }),
    },
  )
}

/** What is recorded of a basis in the log: mode, parent, and who names the changed pages. */
export function describeBasis(basis: Basis): string {
  if (basis.mode === 'FULL') return basis.mode
  const against = `${basis.mode} against ${basis.parent.id}`
  if (basis.mode !== 'PTRACK') return against
  const { tracking } = basis
  return tracking.source === 'wal-summaries'
    ? `${against} by WAL summaries`
    : `${against} by ptrack ${tracking.extension.version}`
}
