import { existsSync } from 'node:fs'
import path from 'node:path'
import { findRestoreMark, giveUpRestoreMark, removeRestoreMark } from './interrupted.ts'
import type { TargetState } from './restore-facts.ts'
import { CONTROL_FILE } from './work-list.ts'

/**
 * How far a restore has come: `before` it has taken the directory over, `filling` it, `finishing` with `pg_control`,
 * `releasing` what is whole and as durable as was asked for.
 */
export type RestoreStage = 'before' | 'filling' | 'finishing' | 'releasing'

/**
 * Leaves a data directory to whoever comes next after a restore that failed, and tells what is in it. The files decide
 * where the stage alone does not: a name may be there although its sync failed. Never throws.
 */
export async function leaveBehind(
  dataDirectory: string,
  stage: RestoreStage,
  before: TargetState | undefined,
): Promise<string> {
  const isControlInPlace = existsSync(path.join(dataDirectory, CONTROL_FILE))
  if (stage === 'releasing')
    return `"${dataDirectory}" holds the whole cluster, and a server may start on it; only files that the restore used itself may be left there, which harm nobody.`
  if (stage === 'finishing' && isControlInPlace) {
    // Should a power cut take pg_control away, the mark counts again.
    await giveUpRestoreMark(dataDirectory)
    return `"${dataDirectory}" holds the whole cluster with its pg_control, but a power cut may still take that away. Check the disk, then restore again before a server is started there: incrementally by checksums, or into an empty directory.`
  }
  if (stage === 'before' && (isControlInPlace || findRestoreMark(dataDirectory) === undefined)) {
    // Beside a pg_control it says nothing.
    await removeRestoreMark(dataDirectory).catch(() => undefined)
    return before?.kind === 'moved' && existsSync(before.to)
      ? `nothing was restored: what was in "${dataDirectory}" is in "${before.to}" now. Start the restore again, or rename it back.`
      : `nothing was restored, and no file in "${dataDirectory}" was changed.`
  }
  await giveUpRestoreMark(dataDirectory)
  return `"${dataDirectory}" holds an unfinished restore without pg_control; no server can start on it. Start the same restore again to continue it, or empty the directory.`
}
