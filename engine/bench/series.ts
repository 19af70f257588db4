import { CommandFailed, type Measurement } from './measure.ts'
import type { OperationName } from './targets.ts'

/** One thing that is run in turns with others. */
export type Lane = {
  readonly name: string
  /** The operation whose target it is held to; a yardstick has none. */
  readonly operation?: OperationName
  /** Prepares, runs and cleans up; only the run itself is in what it gives. */
  run(signal: AbortSignal): Promise<Measurement>
}

/** A lane that cannot be run here, and why. */
export type MissingLane = {
  readonly name: string
  readonly operation?: OperationName
  readonly missing: string
}

export type LaneResult = {
  readonly name: string
  readonly operation?: OperationName
  /** Empty when it was not run. */
  readonly runs: readonly Measurement[]
  /** Why it was not run. */
  readonly missing?: string
}

export type SeriesResult = { readonly title: string; readonly lanes: readonly LaneResult[] }

export type SeriesOptions = {
  readonly repeat: number
  /** A first round that does not count: memory and caches are cold in it. */
  readonly hasWarmUp: boolean
  /** Called before each run, for what earlier runs have left to be done. */
  readonly settle: (signal: AbortSignal) => Promise<void>
  readonly tell: (text: string) => void
}

/**
 * Runs lanes in turns, A B A B, so that what happens to the machine happens to all of them. A lane that fails in its
 * first round is missing from then on, with its own words as the reason; one that fails later is an error.
 */
export async function runSeries(
  title: string,
  lanes: readonly (Lane | MissingLane)[],
  { repeat, hasWarmUp, settle, tell }: SeriesOptions,
  signal: AbortSignal,
): Promise<SeriesResult> {
  const results = lanes.map((lane) => ({ lane, runs: [] as Measurement[], missing: reasonOf(lane) }))
  const rounds = repeat + (hasWarmUp ? 1 : 0)
  for (let round = 0; round < rounds; round++) {
    for (const result of results) {
      const { lane } = result
      if (result.missing !== undefined || 'missing' in lane) continue
      signal.throwIfAborted()
      try {
        await settle(signal)
        const measured = await lane.run(signal)
        const isCounted = !hasWarmUp || round > 0
        if (isCounted) result.runs.push(measured)
        tell(`${title}: ${lane.name} ${measured.wallSeconds.toFixed(2)} s${isCounted ? '' : ' (warm-up)'}`)
      } catch (thrown) {
        if (!(thrown instanceof CommandFailed) || round > 0) throw thrown
        result.missing = thrown.message
        tell(`${title}: ${lane.name} was not run: ${thrown.message}`)
      }
    }
  }
  return {
    title,
    lanes: results.map(({ lane: { name, operation }, runs, missing }) => ({
      name,
      runs,
      ...(operation !== undefined && { operation }),
      ...(missing !== undefined && { missing }),
    })),
  }
}

function reasonOf(lane: Lane | MissingLane): string | undefined {
  return 'missing' in lane ? lane.missing : undefined
}
