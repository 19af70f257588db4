import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { BenchCluster } from './cluster.ts'
import { type Measurement, requireCommand, sizeOf } from './measure.ts'
import type { Lane, MissingLane, SeriesResult } from './series.ts'
import { type OperationName, TARGETS, YARDSTICKS } from './targets.ts'
import { knowsCompression, type Tidemark } from './tidemark.ts'
import { baseBackupLane, checksumsLane, copyLane, packLane, readLane, serverLane } from './yardsticks.ts'

/** Where the series of one run take place, and on what. */
export type Bench = {
  /** Directory for what is made, removed in the end by its owner. */
  readonly place: string
  readonly cluster: BenchCluster
  readonly tidemark: Tidemark
  readonly operations: ReadonlySet<OperationName>
  /** In the chain that is restored and merged. */
  readonly increments: number
}

/** Runs one series and reports it. */
export type RunSeries = (title: string, lanes: readonly (Lane | MissingLane)[]) => Promise<SeriesResult>

/** FULL backups in every compression, each beside the pipe of the same kind. */
export async function fullSeries(
  { place, cluster, tidemark, operations }: Bench,
  series: RunSeries,
  full: string,
  signal: AbortSignal,
): Promise<void> {
  const data = () => ({ cwd: cluster.server.dataDirectory, entries: cluster.entries() })
  const packers = {
    'full-zlib': { yardstick: YARDSTICKS.gzip, packer: ['gzip', '-1'] },
    'full-lz4': { yardstick: YARDSTICKS.lz4, packer: ['lz4', '-1', '-q', '-c'] },
    'full-zstd': { yardstick: YARDSTICKS.zstd, packer: ['zstd', '-1', '-T2', '-q', '-c'] },
  } as const
  const help = (await tidemark.help('backup', signal)) ?? ''
  if (operations.has('full-none')) {
    await series(TARGETS['full-none'].title, [
      copyLane(YARDSTICKS.cp, place, data),
      backupLane(tidemark, 'full-none', ['-b', 'FULL', '--compress-algorithm=none'], full),
      await baseBackupLane(place, cluster, signal),
    ])
  }
  for (const operation of ['full-zlib', 'full-lz4', 'full-zstd'] as const) {
    if (!operations.has(operation)) continue
    const algorithm = operation.slice('full-'.length)
    const { yardstick, packer } = packers[operation]
    const words = ['-b', 'FULL', `--compress-algorithm=${algorithm}`]
    if (algorithm !== 'lz4') words.push('--compress-level=1')
    const lanes = knowsCompression(help, algorithm)
      ? [packLane(yardstick, place, cluster, packer), backupLane(tidemark, operation, words, full)]
      : [missingLane(operation, `backup does not know ${algorithm}`)]
    await series(TARGETS[operation].title, lanes)
  }
}

/** With the server down, which pg_checksums insists on. */
export async function validateSeries(
  { place, cluster, tidemark }: Bench,
  series: RunSeries,
  full: string,
  signal: AbortSignal,
): Promise<void> {
  const yardstick = await checksumsLane(place, cluster, signal)
  await cluster.server.stop('fast')
  await series(TARGETS.validate.title, [
    yardstick,
    {
      name: TARGETS.validate.title,
      operation: 'validate',
      run: (stop) => tidemark.run(['validate', '-i', full, '-j', '2'], stop),
    },
  ])
  await cluster.server.start()
}

/** A restore, and a copy of what it has made. */
export async function restoreSeries(
  { place, cluster, tidemark }: Bench,
  series: RunSeries,
  operation: 'restore-full' | 'restore-chain',
  id: string,
): Promise<void> {
  const home = cluster.server.directory('restored')
  const restored = path.join(home, 'data')
  const restore = async (stop: AbortSignal): Promise<Measurement> => {
    await rm(restored, { recursive: true, force: true })
    const words = ['restore', '-i', id, '-D', restored, '-j', '2', '--no-validate']
    const end = await tidemark.run(words, stop)
    return { ...end, storedBytes: await sizeOf(restored) }
  }
  await series(TARGETS[operation].title, [
    { name: TARGETS[operation].title, operation, run: restore },
    // The copy is of what the restore before it has made.
    copyLane(YARDSTICKS.copyOfResult, place, () => ({ cwd: home, entries: ['data'] })),
  ])
  await rm(home, { recursive: true, force: true })
}

/** Increments of one parent, again and again: each is deleted before the next. */
export async function incrementSeries(
  { cluster, tidemark, operations }: Bench,
  series: RunSeries,
  full: string,
) {
  const lanes: (Lane | MissingLane)[] = [
    readLane(cluster),
    backupLane(tidemark, 'delta', ['-b', 'DELTA'], full),
  ]
  if (operations.has('ptrack'))
    lanes.push(backupLane(tidemark, 'ptrack', ['-b', 'PTRACK'], full), serverLane(cluster))
  await series('increments after 2 % changed', lanes)
}

/** Merges copies of the catalog, since a merge can be run but once. Gives the last merged copy. */
export async function mergeSeries(
  { place, tidemark }: Bench,
  series: RunSeries,
  increment: string,
  signal: AbortSignal,
): Promise<{ readonly catalog: string; readonly id: string } | undefined> {
  const { title, yardstick } = TARGETS.merge
  if ((await tidemark.help('merge', signal)) === undefined) {
    await series(title, [missingLane('merge', 'there is no merge in this version')])
    return undefined
  }
  const copy = path.join(place, 'merged')
  const from = () => ({ cwd: path.dirname(tidemark.catalog), entries: [path.basename(tidemark.catalog)] })
  const { lanes } = await series(title, [
    copyLane(yardstick, place, from),
    {
      name: title,
      operation: 'merge',
      async run(stop) {
        await rm(copy, { recursive: true, force: true })
        await requireCommand({ words: ['cp', '-a', tidemark.catalog, copy] }, stop)
        await requireCommand({ words: ['sync', '-f', copy] }, stop)
        return await requireCommand(
          tidemark.command(['merge', '-i', increment, '-j', '2', '--no-validate'], copy),
          stop,
        )
      },
    },
  ])
  const isMerged = lanes.some(({ operation, runs }) => operation === 'merge' && runs.length > 0)
  const [merged] = isMerged ? await tidemark.list(signal, copy) : []
  return merged === undefined ? undefined : { catalog: copy, id: merged.id }
}

/** A backup that is deleted again, with whatever a failed one has left. */
function backupLane(
  tidemark: Tidemark,
  operation: OperationName,
  words: readonly string[],
  full: string,
): Lane {
  return {
    name: TARGETS[operation].title,
    operation,
    async run(signal) {
      try {
        return (await tidemark.backup(words, signal)).measured
      } finally {
        if (!signal.aborted) await tidemark.keepOnly(new Set([full]), signal)
      }
    },
  }
}

/** An operation that this version does not have. */
export function missingLane(operation: OperationName, missing: string): MissingLane {
  return { name: TARGETS[operation].title, operation, missing }
}
