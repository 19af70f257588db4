/** The phases an operation goes through, in words of the glossary. Screens translate them. */
export type Phase =
  | 'connect'
  | 'checkpoint'
  | 'list-files'
  | 'read-wal'
  | 'copy'
  | 'stop-backup'
  | 'wait-for-wal'
  | 'sync'
  | 'validate'
  | 'validate-wal'
  | 'restore'
  | 'copy-wal'
  | 'recovery-settings'
  | 'merge'
  | 'delete'
  | 'receive-wal'
  | 'start-server'
  | 'replay'
  | 'check-data'
  | 'copy-table'
  | 'done'

/** How far a running job is. Each report replaces the one before it. */
export type Progress = {
  readonly phase: Phase
  readonly doneBytes: number
  /** Undefined while the amount of work is not known; `reason` then says why. */
  readonly totalBytes: number | undefined
  readonly doneFiles: number
  readonly totalFiles: number | undefined
  /** The files being worked on right now, at most eight. */
  readonly currentFiles: readonly string[]
  /** Why a phase has no total, or what it waits for. */
  readonly reason?: string
}

/** Where an operation reports to. Cheap and synchronous: call it as often as you like. */
export type Report = (progress: Progress) => void
