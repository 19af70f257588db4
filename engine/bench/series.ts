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
  /** It went well at first and failed later; its runs say nothing then. */
  readonly failure?: string
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
 * Runs lanes in turns, A B A B, so that what happens to the machine happens to all of them. A lane that fails is left
 * out from then on, with its own words as the reason: in its first round as missing, later as failed.
 */
export async function runSeries(
  title: string,
  lanes: readonly (Lane | MissingLane)[],
  { repeat, hasWarmUp, settle, tell }: SeriesOptions,
  signal: AbortSignal,
): Promise<SeriesResult> {
  const turns = lanes.map((lane): Turn => ({ lane, runs: [] }))
  const rounds = repeat + (hasWarmUp ? 1 : 0)
  for (let round = 0; round < rounds; round++) {
    for (const turn of turns) {
      const { lane } = turn
      if (turn.reason !== undefined || 'missing' in lane) continue
      signal.throwIfAborted()
      await settle(signal)
      try {
        const measured = await lane.run(signal)
        const isCounted = !hasWarmUp || round > 0
        if (isCounted) turn.runs.push(measured)
        tell(`${title}: ${lane.name} ${measured.wallSeconds.toFixed(2)} s${isCounted ? '' : ' (warm-up)'}`)
      } catch (thrown) {
        if (!(thrown instanceof CommandFailed)) throw thrown
        turn.reason = round === 0 ? { missing: thrown.message } : { failure: thrown.message }
        tell(`${title}: ${lane.name} ${round === 0 ? 'was not run' : 'FAILED'}: ${thrown.message}`)
      }
    }
  }
  return { title, lanes: turns.map(resultOf) }
}

type Turn = {
  readonly lane: Lane | MissingLane
  readonly runs: Measurement[]
  reason?: { readonly missing: string } | { readonly failure: string }
}

function resultOf({ lane, runs, reason }: Turn): LaneResult {
  return {
    name: lane.name,
    ...(lane.operation !== undefined && { operation: lane.operation }),
    runs: reason === undefined ? runs : [],
    ...('missing' in lane && { missing: lane.missing }),
    ...reason,
  }
}
