import type { Phase, Report } from '../../base/progress.ts'
import type { WorkerPool } from './worker-pool.ts'

const INTERVAL_MS = 100
const MOST_NAMES = 8

/** Reports a phase that page workers do, ten times a second, from what they counted. Dispose it when the phase ends. */
export class ProgressTicker implements Disposable {
  readonly #report: Report
  readonly #phase: Phase
  readonly #pool: WorkerPool
  readonly #totalBytes: number
  readonly #totalFiles: number
  readonly #startBytes: number
  readonly #timer: NodeJS.Timeout
  readonly #current = new Set<string>()
  #doneFiles = 0

  constructor(options: {
    readonly report: Report
    readonly phase: Phase
    readonly pool: WorkerPool
    readonly totalBytes: number
    readonly totalFiles: number
  }) {
    this.#report = options.report
    this.#phase = options.phase
    this.#pool = options.pool
    this.#totalBytes = options.totalBytes
    this.#totalFiles = options.totalFiles
    this.#startBytes = options.pool.doneBytes()
    this.#timer = setInterval(() => this.#tell(), INTERVAL_MS)
    this.#tell()
  }

  /** Names what a batch works on, until the function it gives is called with the number of files that are done. */
  begin(names: readonly string[]): (doneFiles: number) => void {
    for (const name of names) this.#current.add(name)
    return (doneFiles) => {
      for (const name of names) this.#current.delete(name)
      this.#doneFiles += doneFiles
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#tell()
  }

  #tell(): void {
    const doneBytes = this.#pool.doneBytes() - this.#startBytes
    this.#report({
      phase: this.#phase,
      doneBytes,
      // A relation may grow while it is copied; more than everything is never shown.
      totalBytes: Math.max(this.#totalBytes, doneBytes),
      doneFiles: this.#doneFiles,
      totalFiles: this.#totalFiles,
      currentFiles: [...this.#current].slice(0, MOST_NAMES),
    })
  }
}
