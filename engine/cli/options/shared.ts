import { LOG_LEVELS } from '../../base/log.ts'
import type { CommandName } from '../command-list.ts'

// What the options of several groups share.

export const FLAG = { kind: 'flag' } as const
/** Commands that are about one instance. */
export const ABOUT_INSTANCE: readonly CommandName[] = [
  'add-instance',
  'del-instance',
  'set-config',
  'set-backup',
  'show-config',
  'show',
  'window',
  'find',
  'backup',
  'restore',
  'after-restore',
  'validate',
  'drill',
  'merge',
  'delete',
  'archive-push',
  'archive-get',
  'receive-wal',
  'slots',
]
/** Commands that a server calls for each WAL file. */
export const CALLED_BY_SERVER: readonly CommandName[] = ['archive-push', 'archive-get']
/** Commands that need a catalog. */
export const ON_CATALOG: readonly CommandName[] = ['init', ...ABOUT_INSTANCE]
/** Commands that write `pg_probackup.conf`. */
export const SAVES: readonly CommandName[] = ['add-instance', 'set-config']
/** Commands whose work is a job. */
export const RUNS_JOB: readonly CommandName[] = [
  'backup',
  'restore',
  'validate',
  'drill',
  'merge',
  'delete',
  'receive-wal',
]
export const LEVELS = { kind: 'choice', name: 'LEVEL', choices: LOG_LEVELS } as const
export const FORMATS = { kind: 'choice', name: 'FORMAT', choices: ['plain', 'json'] } as const
