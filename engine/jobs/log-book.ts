import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { LogEntry } from '../base/log.ts'

/** Lines of one job that are kept in memory; older ones are read from disk, where there is one. */
const MOST_IN_MEMORY = 10_000
/** Lines that are gathered before they are written. */
const FLUSH_LINES = 200

/**
 * The log of one job: the newest lines in memory, all of them as one JSON object a line in `file`.
 * A log that cannot be written any more goes on in memory: a full disk must not end a restore.
 */
export class LogBook {
  readonly #file: string | undefined
  #entries: LogEntry[] = []
  /** Number of the first line that is still in memory. */
  #first = 0
  #unwritten: string[] = []
  #isWritable = true

  constructor(file: string | undefined) {
    this.#file = file
    if (file !== undefined) mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  }

  /** Number of the first line that can still be read. */
  get firstReadable(): number {
    return this.#file === undefined || !this.#isWritable ? this.#first : 0
  }

  get count(): number {
    return this.#first + this.#entries.length
  }

  add(entry: LogEntry): void {
    this.#entries.push(entry)
    if (this.#file !== undefined) this.#unwritten.push(JSON.stringify(entry))
    if (this.#unwritten.length >= FLUSH_LINES) this.flush()
    if (this.#entries.length > MOST_IN_MEMORY) {
      const dropCount = MOST_IN_MEMORY / 2
      this.#entries = this.#entries.slice(dropCount)
      this.#first += dropCount
    }
  }

  /** Lines from number `from`; what is no longer in memory comes from disk, or is left out where there is none. */
  slice(from: number, limit: number): readonly LogEntry[] {
    if (from >= this.#first) return this.#entries.slice(from - this.#first, from - this.#first + limit)
    this.flush()
    return readLogFile(this.#file, from, limit)
  }

  flush(): void {
    if (this.#file === undefined || this.#unwritten.length === 0 || !this.#isWritable) return
    try {
      appendFileSync(this.#file, this.#unwritten.map((line) => `${line}\n`).join(''), { mode: 0o600 })
    } catch {
      this.#isWritable = false
    }
    this.#unwritten = []
  }
}

/** Lines `from` … of a log file of an earlier job. A line that a crash cut off is left out. */
export function readLogFile(file: string | undefined, from: number, limit: number): readonly LogEntry[] {
  if (file === undefined) return []
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // The log is a convenience; a job whose log was cleared away is still listed.
    return []
  }
  return text
    .split('\n')
    .slice(from, from + limit)
    .flatMap((line) => parseLine(line))
}

/** How many whole lines a log file has. */
export function countLogFile(file: string): number {
  return readLogFile(file, 0, Number.MAX_SAFE_INTEGER).length
}

function parseLine(line: string): LogEntry[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as LogEntry]
  } catch {
    // Cut off by a crash.
    return []
  }
}
