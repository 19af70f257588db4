import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { DrillRecord } from '../../../engine/api/contract/drills.ts'
import { msOfIso } from '../../lib/micro-time.ts'
import type { DrillMark } from '../../pictures/recovery-lanes.ts'

/**
 * Where restore tests stood, newest first as they are given: at the time that was asked for, else at the last commit that
 * was replayed, else at the end of the backup. One without a time, or whose backup is gone, has no place.
 */
export function drillMarks(
  drills: readonly DrillRecord[],
  backups: readonly BackupRecord[],
  textOf: (drill: DrillRecord) => string,
): readonly DrillMark[] {
  const known = new Map<string, BackupRecord>(backups.map((backup) => [backup.id, backup]))
  return drills.flatMap((drill): DrillMark[] => {
    const backup = known.get(drill.backupId)
    if (backup === undefined) return []
    const { stop, id, backupId, isPassed } = drill
    const ms = (stop && askedMs(drill)) ?? standsMs(drill, backup)
    if (ms === undefined) return []
    const timeline = stop?.timeline ?? backup.timeline
    return [{ id, backupId, timeline, ms, isPassed, text: textOf(drill) }]
  })
}

/** Undefined when no time was asked for, or one that only the server could read. */
function askedMs({ target }: DrillRecord): number | undefined {
  const ms = target?.kind === 'time' ? Date.parse(target.at) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

function standsMs({ target, stop }: DrillRecord, { recoveryTime }: BackupRecord): number | undefined {
  const isAtEnd = target === undefined || target.kind === 'immediate'
  const at = isAtEnd ? recoveryTime : (stop?.lastCommitAt ?? recoveryTime)
  return at === undefined ? undefined : msOfIso(at)
}
