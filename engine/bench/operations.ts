import { fingerprint } from './cluster.ts'
import { CommandFailed } from './measure.ts'
import {
  type Bench,
  fullSeries,
  incrementSeries,
  mergeSeries,
  missingLane,
  restoreSeries,
  type RunSeries,
  validateSeries,
} from './operation-series.ts'
import { walSeries } from './wal-series.ts'
import { runSeries, type SeriesOptions, type SeriesResult } from './series.ts'
import { type OperationName, TARGETS } from './targets.ts'

/** A backup that stayed in a catalog, and the rows that it has to bring back. */
export type Kept = {
  readonly what: string
  readonly catalog: string
  readonly id: string
  readonly rows: string
}

/**
 * Runs everything that was asked for. Backups that others start from are taken apart from those that are measured.
 * Gives the results of each series as it ends, and in the end what is in the catalogs.
 */
export async function runOperations(
  bench: Bench,
  options: SeriesOptions,
  report: (result: SeriesResult) => void,
  signal: AbortSignal,
): Promise<readonly Kept[]> {
  const { cluster, tidemark, operations } = bench
  const { catalog } = tidemark
  const series: RunSeries = async (title, lanes) => {
    const result = await runSeries(title, lanes, options, signal)
    report(result)
    return result
  }
  const wants = (...names: readonly OperationName[]): boolean => names.some((name) => operations.has(name))

  const kept: Kept[] = []
  const full = (await tidemark.backup(['-b', 'FULL'], signal)).id
  kept.push({ what: 'FULL', catalog, id: full, rows: await fingerprint(cluster.server, signal) })
  await fullSeries(bench, series, full, signal)
  if (wants('validate')) await validateSeries(bench, series, full, signal)
  if (wants('restore-full')) await restoreSeries(bench, series, 'restore-full', full)
  if (wants('archive-push', 'archive-push-zlib', 'archive-get')) await walSeries(bench, series, signal)
  if (!wants('delta', 'ptrack', 'restore-chain', 'merge')) return kept

  await cluster.change(signal)
  if (wants('delta', 'ptrack')) await incrementSeries(bench, series, full)
  if (!wants('restore-chain', 'merge')) return kept

  const increment = await takeIncrements(bench, signal)
  if ('missing' in increment) {
    for (const operation of ['restore-chain', 'merge'] as const)
      if (wants(operation))
        await series(TARGETS[operation].title, [missingLane(operation, increment.missing)])
    return kept
  }
  const rows = await fingerprint(cluster.server, signal)
  kept.push({ what: `FULL + ${increment.modes}`, catalog, id: increment.id, rows })
  if (wants('restore-chain')) await restoreSeries(bench, series, 'restore-chain', increment.id)
  if (wants('merge')) {
    const merged = await mergeSeries(bench, series, increment.id, signal)
    if (merged !== undefined) kept.push({ what: 'merged', ...merged, rows })
  }
  return kept
}

/** A chain for the operations on chains: each increment after a change of its own, the first mode that there is. */
async function takeIncrements({ cluster, tidemark, increments }: Bench, signal: AbortSignal) {
  let missing = ''
  for (const mode of ['DELTA', 'PTRACK'] as const) {
    try {
      let { id } = await tidemark.backup(['-b', mode], signal)
      for (let taken = 1; taken < increments; taken++) {
        await cluster.change(signal)
        id = (await tidemark.backup(['-b', mode], signal)).id
      }
      return { modes: increments === 1 ? mode : `${increments} × ${mode}`, id }
    } catch (thrown) {
      if (!(thrown instanceof CommandFailed)) throw thrown
      missing ||= thrown.message
    }
  }
  return { missing: `there is no increment: ${missing}` }
}
