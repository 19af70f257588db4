import { describeError, EngineError } from '../base/engine-error.ts'
import { ERROR_ADVICE } from '../base/error-advice.ts'
import type { ErrorCode } from '../base/error-codes.ts'
import { isLogged, type Log, type LogEntry, type LogLevel } from '../base/log.ts'
import type { Clock } from '../base/clock.ts'
import { type LogFile, type LogFilePlace, openLogFile } from './log-file.ts'
import { maskSecrets } from './secrets.ts'
import { strftime } from './strftime.ts'

/** How much is logged, where, and in which form. */
export type LogSettings = {
  readonly consoleLevel: LogLevel
  readonly fileLevel: LogLevel
  readonly consoleFormat: 'plain' | 'json'
  readonly fileFormat: 'plain' | 'json'
  /** Undefined when nothing can be written to files: no directory is known. */
  readonly file: LogFilePlace | undefined
  /** Pattern of the file for errors only. */
  readonly errorPattern: string | undefined
}

/** What a command logs to before its settings are known: the console at level info. */
export const FIRST_LOG_SETTINGS: LogSettings = {
  consoleLevel: 'info',
  fileLevel: 'off',
  consoleFormat: 'plain',
  fileFormat: 'plain',
  file: undefined,
  errorPattern: undefined,
}

type Surroundings = {
  readonly clock: Clock
  readonly pid: number
  /** What is run; undefined when that is no command at all. */
  readonly command?: string | undefined
  readonly isColored: boolean
  /** Writes one whole line, line feed included, to standard error. */
  print(line: string): void
}

/** The log of one run of the command line: console, log file and error file. No secret passes it. */
export class LogOutput implements Disposable, Log {
  #settings: LogSettings = FIRST_LOG_SETTINGS
  #isColored: boolean
  readonly #around: Surroundings
  readonly #secrets = new Set<string>()
  #file: LogFile | undefined
  #errorFile: LogFile | undefined
  #lastError: string | undefined

  constructor(around: Surroundings) {
    this.#around = around
    this.#isColored = around.isColored
  }

  configure(settings: LogSettings): void {
    this.#settings = settings
  }

  /** Whether the console shows lines for people. */
  get isPlain(): boolean {
    return this.#settings.consoleFormat === 'plain'
  }

  withoutColors(): void {
    this.#isColored = false
  }

  /** From now on this text is masked wherever it would appear. */
  keepSecret(secret: string): void {
    this.#secrets.add(secret)
  }

  verbose(message: string): void {
    this.write({ level: 'verbose', atMs: this.#around.clock.nowMs(), message })
  }

  log(message: string): void {
    this.write({ level: 'log', atMs: this.#around.clock.nowMs(), message })
  }

  info(message: string): void {
    this.write({ level: 'info', atMs: this.#around.clock.nowMs(), message })
  }

  warning(message: string): void {
    this.write({ level: 'warning', atMs: this.#around.clock.nowMs(), message })
  }

  error(message: string): void {
    this.write({ level: 'error', atMs: this.#around.clock.nowMs(), message })
  }

  /** Writes to the log file only, at level info. */
  fileOnly(message: string): void {
    this.#writeFiles(this.#mask({ level: 'info', atMs: this.#around.clock.nowMs(), message }))
  }

  write(entry: LogEntry): void {
    const masked = this.#mask(entry)
    if (entry.level === 'error') this.#lastError = masked.message
    if (isLogged(entry.level, this.#settings.consoleLevel)) this.#print(masked)
    this.#writeFiles(masked)
  }

  /** Tells a failure: the fact, unless the log has just told it, what it was caused by, and what to do about it. */
  failure(thrown: unknown): void {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    const isToldAlready = this.#lastError === maskSecrets(message, this.#secrets)
    if (!isToldAlready) this.error(message)
    const isBug = !(thrown instanceof EngineError) || thrown.code === 'internal.bug'
    const cause = thrown instanceof Error && thrown.cause !== undefined ? describeError(thrown.cause) : ''
    if (cause !== '' && !message.includes(cause)) this.#printAside('DETAIL', cause)
    const hint = isBug
      ? 'This is a mistake in Tidemark. Run it again with --log-level-console=verbose and report what it prints.'
      : (thrown.hint ?? usualHint(thrown.code, this.#around.command))
    if (hint !== undefined) this.#printAside('HINT', hint)
    if (isBug && thrown instanceof Error) this.verbose(thrown.stack ?? '')
  }

  /** What to do about an error that was told. */
  hint(text: string): void {
    this.#printAside('HINT', text)
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]()
    this.#errorFile?.[Symbol.dispose]()
  }

  #mask(entry: LogEntry): LogEntry {
    return { ...entry, message: maskSecrets(entry.message, this.#secrets) }
  }

  /** A line that explains the error before it. The JSON form has no place for it besides its own line. */
  #printAside(label: 'DETAIL' | 'HINT', text: string): void {
    if (!isLogged('error', this.#settings.consoleLevel)) return
    const masked = maskSecrets(text, this.#secrets)
    this.#around.print(
      this.#settings.consoleFormat === 'json'
        ? this.#json(label, masked, this.#around.clock.nowMs())
        : `${label}: ${masked}\n`,
    )
  }

  #print({ level, atMs, message }: LogEntry): void {
    const label = level.toUpperCase()
    if (this.#settings.consoleFormat === 'json') {
      this.#around.print(this.#json(label, message, atMs))
      return
    }
    const color = level === 'error' ? '1;31' : level === 'warning' ? '1;33' : undefined
    const line = `${label}: ${message}`
    this.#around.print(`${this.#isColored && color !== undefined ? `\x1b[${color}m${line}\x1b[0m` : line}\n`)
  }

  #writeFiles(entry: LogEntry): void {
    const { file, fileLevel, errorPattern } = this.#settings
    if (file === undefined) return
    const nowMs = this.#around.clock.nowMs()
    const warn = (message: string): void => {
      if (isLogged('warning', this.#settings.consoleLevel))
        this.#print({ level: 'warning', atMs: nowMs, message })
    }
    try {
      if (isLogged(entry.level, fileLevel)) {
        this.#file ??= openLogFile(file, nowMs, warn)
        this.#file.append(this.#fileLine(entry))
      }
      if (entry.level === 'error' && errorPattern !== undefined) {
        this.#errorFile ??= openLogFile({ ...file, pattern: errorPattern }, nowMs, warn)
        this.#errorFile.append(this.#fileLine(entry))
      }
    } catch (thrown) {
      this.#settings = { ...this.#settings, file: undefined }
      // A log that was never opened is a mistake to tell; one that fails later must not end a restore.
      if (thrown instanceof EngineError && this.#file === undefined) throw thrown
      warn(`the log file cannot be written any more: ${describeError(thrown)}`)
    }
  }

  #fileLine({ level, atMs, message }: LogEntry): string {
    const label = level.toUpperCase()
    return this.#settings.fileFormat === 'json'
      ? this.#json(label, message, atMs)
      : `${this.#time(atMs)} [${this.#around.pid}]: ${label}: ${message}\n`
  }

  /** One object a line, with the keys that readers of such logs know. */
  #json(level: string, msg: string, atMs: number): string {
    const object = { ts: this.#time(atMs), pid: String(this.#around.pid), level, msg, my_thread_num: '[1-1]' }
    return `${JSON.stringify(object)}\n`
  }

  #time(atMs: number): string {
    return strftime('%Y-%m-%d %H:%M:%S %Z', new Date(atMs))
  }
}

/** What helps with any failure of that kind; nothing where whoever cancelled knows. */
function usualHint(code: ErrorCode, command: string | undefined): string | undefined {
  if (code === 'run.cancelled') return undefined
  const advice = ERROR_ADVICE[code].replaceAll('`', '"')
  return advice.replaceAll('tidemark help COMMAND', `tidemark help ${command ?? ''}`.trimEnd())
}
