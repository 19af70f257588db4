/** The middle value; of an even number the mean of the two in the middle. `values` must not be empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  if (upper === undefined || lower === undefined) throw new RangeError('nothing has a median')
  return (lower + upper) / 2
}

/** Wall seconds of several runs of one thing. */
export type Times = { readonly medianSeconds: number; readonly minSeconds: number }

/** The two numbers that are quoted. `seconds` must not be empty. */
export function summarizeTimes(seconds: readonly number[]): Times {
  return { medianSeconds: median(seconds), minSeconds: Math.min(...seconds) }
}

/** What an operation may take: `factor` times its yardstick, and some seconds on top that no yardstick has. */
export type Limit = { readonly factor: number; readonly plusSeconds: number }

/** An operation beside its yardstick, both by median and by minimum. */
export type Comparison = {
  /** Times the yardstick's time, the seconds on top taken off: may be compared with the limit's factor. */
  readonly medianRatio: number
  readonly minRatio: number
  /** By the median. */
  readonly isMet: boolean
}

/**
 * Compares times with those of the yardstick. `apart` are seconds that both spent on something that is not theirs to
 * make faster; they are taken off both sides.
 */
export function compare(times: Times, yardstick: Times, limit: Limit, apart?: Times): Comparison {
  const ratio = (seconds: number, yard: number, off: number): number => {
    const own = Math.max(0, seconds - off - limit.plusSeconds)
    const base = Math.max(0, yard - off)
    return own === 0 ? 0 : own / base
  }
  const medianRatio = ratio(times.medianSeconds, yardstick.medianSeconds, apart?.medianSeconds ?? 0)
  const minRatio = ratio(times.minSeconds, yardstick.minSeconds, apart?.minSeconds ?? 0)
  return { medianRatio, minRatio, isMet: medianRatio <= limit.factor }
}
