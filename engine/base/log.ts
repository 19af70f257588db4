/** Levels of pg_probackup, each including the ones after it. */
export const LOG_LEVELS = ['verbose', 'log', 'info', 'warning', 'error', 'off'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** One line of a job's log. Never holds a secret: values that may are masked before they come here. */
export type LogEntry = {
  readonly level: Exclude<LogLevel, 'off'>
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
  readonly message: string
}

/** Where an operation writes its log. */
export type Log = {
  verbose(message: string): void
  log(message: string): void
  info(message: string): void
  warning(message: string): void
  error(message: string): void
}

/** A log that hands every entry to `write`. */
export function logTo(write: (entry: LogEntry) => void, nowMs: () => number = Date.now): Log {
  const at = (level: LogEntry['level']) => (message: string) => write({ level, atMs: nowMs(), message })
  return {
    verbose: at('verbose'),
    log: at('log'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
  }
}

/** A log that nobody reads. */
export const SILENT_LOG: Log = logTo(() => undefined)

/** Whether an entry of `level` is shown where `threshold` is asked for. */
export function isLogged(level: LogEntry['level'], threshold: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold)
}
