import { parseLsn } from '../../../engine/base/lsn.ts'

/** Where replay was, and when that was seen. */
export type ReplaySample = { readonly ms: number; readonly lsn: string }

export type ReplayProgress = {
  /** Bytes of WAL a second; undefined until it has moved. */
  readonly bytesPerSecond: number | undefined
  /** Bytes of WAL up to the target; undefined where that is not known. */
  readonly leftBytes: number | undefined
  /** Seconds until it is there, at that rate; undefined where either is not known. */
  readonly leftSeconds: number | undefined
}

/** As many looks count for the rate. */
const MOST_SAMPLES = 15

/** With one more look; a server that was started anew begins again further back, and the samples with it. Pure. */
export function withSample(samples: readonly ReplaySample[], next: ReplaySample): readonly ReplaySample[] {
  const last = samples.at(-1)
  if (last !== undefined && last.ms >= next.ms) return samples
  const isBack = last !== undefined && parseLsn(next.lsn) < parseLsn(last.lsn)
  return [...(isBack ? [] : samples), next].slice(-MOST_SAMPLES)
}

/** How fast replay is by the looks so far, and how much is left up to `endLsn`. Pure. */
export function replayProgress(samples: readonly ReplaySample[], endLsn: string | undefined): ReplayProgress {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined)
    return { bytesPerSecond: undefined, leftBytes: undefined, leftSeconds: undefined }
  const moved = Number(parseLsn(last.lsn) - parseLsn(first.lsn))
  const bytesPerSecond = moved > 0 ? (moved / (last.ms - first.ms)) * 1000 : undefined
  const leftBytes =
    endLsn === undefined ? undefined : Math.max(0, Number(parseLsn(endLsn) - parseLsn(last.lsn)))
  const leftSeconds =
    leftBytes === undefined || bytesPerSecond === undefined ? undefined : leftBytes / bytesPerSecond
  return { bytesPerSecond, leftBytes, leftSeconds }
}
