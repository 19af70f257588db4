/** The words of the picture of life-lines. */
export type LifeTexts = {
  readonly title: string
  readonly summary: string
  readonly legend: string
  readonly keys: string
  readonly lines: string
  readonly handle: string
  readonly handleValue: string
  readonly now: string
  /** On the handle. */
  readonly asOf: string
  /** The name of the promised window, and that where there is little room. */
  readonly band: string
  readonly bandShort: string
  readonly wal: string
  readonly walNone: string
  readonly chain: (fullId: string | undefined) => string
  readonly increments: (count: number) => string
  /** Of a moment of the axis. */
  readonly tick: (ms: number) => string
  readonly pin: (id: string) => string
  /** Beside the dot of a pin: until when, and how many others stay for it. */
  readonly pinNote: (id: string) => string
  /** A backup, spoken: what it is and why it is kept. */
  readonly line: (id: string) => string
  /** Until when a pin that is being moved would keep, short and spoken; undefined takes the pin away. */
  readonly draft: (ms: number | undefined) => string
  readonly draftSpoken: (id: string, ms: number | undefined) => string
}
