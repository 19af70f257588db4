import { appendFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describeError, EngineError } from '../base/engine-error.ts'
import { startCluster } from './cluster.ts'
import { checkCorrectness, type CheckResult } from './correctness.ts'
import { measureCommand, requireCommand, sizeOf } from './measure.ts'
import { type BenchOptions, parseOptions, USAGE } from './options.ts'
import { runOperations } from './operations.ts'
import { openPlace } from './place.ts'
import { formatRun, type RunFacts } from './report.ts'
import type { SeriesOptions, SeriesResult } from './series.ts'
import { buildTidemark, openTidemark } from './tidemark.ts'
import { clusterBytes, planWorkload } from './workload.ts'

/** The exit status of the command line when it was cancelled. */
const CANCELLED = 130
const HISTORY = path.join(import.meta.dirname, 'history.md')

/** Runs the benchmarks and adds a block to the history. Gives whether all went well and came back right. */
async function bench(options: BenchOptions, signal: AbortSignal): Promise<boolean> {
  if (process.platform === 'win32') {
    throw new EngineError('usage.invalid', 'the benchmarks need a POSIX shell', {
      hint: 'Run them on Linux or macOS.',
    })
  }
  const { scale, smallTables } = options
  await using place = await openPlace(clusterBytes(scale, smallTables))
  tell('building the command line')
  await buildTidemark(signal)
  tell(`making a cluster of scale ${scale} in ${place.path}`)
  await using cluster = await startCluster(place.path, planWorkload(scale, smallTables), signal)
  const tidemark = await openTidemark(path.join(place.path, 'catalog'), cluster, signal)
  const size = await sizeOfEntries(cluster.server.dataDirectory, cluster.entries())
  tell(`${(size / 1e6).toFixed(0)} MB, without WAL`)

  const results: SeriesResult[] = []
  const seriesOptions: SeriesOptions = {
    repeat: options.repeat,
    hasWarmUp: options.hasWarmUp,
    // What one run has left to be written must not become a part of the next.
    settle: async (stop) => void (await requireCommand({ words: ['sync'] }, stop)),
    tell,
  }
  const parts = {
    place: place.path,
    cluster,
    tidemark,
    operations: options.operations,
    increments: options.increments,
  }
  const kept = await runOperations(parts, seriesOptions, (result) => results.push(result), signal)
  tell('checking that what was backed up comes back')
  const checks = await checkCorrectness(cluster, tidemark, kept, signal)

  const text = formatRun(await gatherFacts(options, size, signal), results, checks)
  console.log(`\n${text}`)
  await appendFile(HISTORY, `\n${text}`)
  return isRight(results, checks)
}

function isRight(results: readonly SeriesResult[], checks: readonly CheckResult[]): boolean {
  const hasFailed = results.flatMap(({ lanes }) => lanes).some(({ failure }) => failure !== undefined)
  return !hasFailed && checks.every(({ fault }) => fault === undefined)
}

async function gatherFacts(options: BenchOptions, size: number, signal: AbortSignal): Promise<RunFacts> {
  const git = { words: ['git', 'rev-parse', '--short', 'HEAD'], cwd: import.meta.dirname }
  const { status, out } = await measureCommand(git, signal)
  const cpus = os.cpus()
  return {
    at: new Date(),
    machine: {
      cores: cpus.length,
      processor: cpus[0]?.model.trim() ?? os.arch(),
      memoryBytes: os.totalmem(),
      kernel: `${os.type()} ${os.release()}`,
      node: process.versions.node,
    },
    commit: status === 0 ? out.trim() : undefined,
    scale: options.scale,
    clusterBytes: size,
    smallTables: options.smallTables,
    increments: options.increments,
    repeat: options.repeat,
    hasWarmUp: options.hasWarmUp,
  }
}

async function sizeOfEntries(directory: string, entries: readonly string[]): Promise<number> {
  let size = 0
  for (const name of entries) size += await sizeOf(path.join(directory, name))
  return size
}

function tell(text: string): void {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`)
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (!stop.signal.aborted) console.error('\nStopping, and removing everything that was made …')
    stop.abort(new EngineError('run.cancelled', 'the benchmarks were stopped'))
  })
}
try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(USAGE)
  else if (!(await bench(options, stop.signal))) process.exitCode = 1
} catch (thrown) {
  // Whatever was under way when it was stopped failed in words of its own.
  if (stop.signal.aborted) {
    console.error('Stopped. Nothing was left behind.')
    process.exitCode = CANCELLED
  } else {
    console.error(`\nThe benchmarks failed: ${describeError(thrown)}`)
    if (thrown instanceof EngineError && thrown.hint !== undefined) console.error(`Hint: ${thrown.hint}`)
    process.exitCode = 1
  }
}
