import { existsSync } from 'node:fs'
import path from 'node:path'
import { EngineError, isCancelled } from '../base/engine-error.ts'
import { EXIT } from './context.ts'

/**
 * The exit status for what was thrown.
 *
 * A recovery takes a failing restore_command for the end of the WAL and opens the cluster on a new timeline, which cannot
 * be undone; above 125 it stops instead. So only a file that is not in the archive ends it. A standby asks again after
 * some seconds and would stop for good, so it gets the ordinary status.
 * Source: PostgreSQL `src/backend/access/transam/xlogarchive.c`, `RestoreArchivedFile`.
 */
export function failureStatus(
  command: string | undefined,
  thrown: unknown,
  { workingDirectory }: { readonly workingDirectory: string },
): number {
  if (isCancelled(thrown)) return EXIT.cancelled
  const isEnd = thrown instanceof EngineError && thrown.code === 'wal.missing'
  if (command !== 'archive-get' || isEnd) return EXIT.failure
  const has = (name: string): boolean => existsSync(path.join(workingDirectory, name))
  return has('recovery.signal') && !has('standby.signal') ? EXIT.stopsRecovery : EXIT.failure
}
