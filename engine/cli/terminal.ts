/**
 * Standard error with one line at its foot that is drawn again and again. Log lines are printed above it.
 * Where there is no terminal nothing is ever drawn twice.
 */
export class Terminal {
  readonly isInteractive: boolean
  readonly #columns: number
  readonly #write: (text: string) => void
  #foot = ''

  constructor(options: { isInteractive: boolean; columns: number; write: (text: string) => void }) {
    this.isInteractive = options.isInteractive
    this.#columns = options.columns
    this.#write = options.write
  }

  /** Prints a whole line, line feed included. */
  print(line: string): void {
    if (this.#foot === '') this.#write(line)
    else this.#write(`\r\x1b[K${line}${this.#foot}`)
  }

  /** Draws the foot again. It is cut to the width, since a wrapped line cannot be drawn over. */
  drawFoot(text: string): void {
    if (!this.isInteractive) return
    this.#foot = text.slice(0, Math.max(10, this.#columns - 1))
    this.#write(`\r\x1b[K${this.#foot}`)
  }

  /** Takes the foot away. */
  clearFoot(): void {
    if (this.#foot !== '') this.#write('\r\x1b[K')
    this.#foot = ''
  }
}
