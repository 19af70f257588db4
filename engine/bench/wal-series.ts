import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findWalSegment, walSegmentName } from '../base/wal-segment.ts'
import type { BenchCluster } from './cluster.ts'
import { type Measurement, requireCommand, sizeOf } from './measure.ts'
import type { Bench, RunSeries } from './operation-series.ts'
import type { Lane } from './series.ts'
import { type OperationName, TARGETS, YARDSTICKS } from './targets.ts'

const SEGMENT_BYTES = 16 << 20
/** Fewer than what a server keeps between two checkpoints here. */
const SEGMENTS = 16
// What archive_command usually is, for each of the names; and made durable.
const EACH_COPIED =
  'from=$1; out=$2; shift 2; for name; do sh -c "cp \\"$from/$name\\" \\"$out/$name\\" && sync \\"$out/$name\\" && sync -f \\"$out\\"" || exit 1; done'
const EACH_PACKED =
  'from=$1; out=$2; shift 2; for name; do sh -c "gzip -1 < \\"$from/$name\\" > \\"$out/$name.gz\\" && sync \\"$out/$name.gz\\" && sync -f \\"$out\\"" || exit 1; done'
const EACH_FETCHED =
  'from=$1; out=$2; shift 2; for name; do sh -c "cp \\"$from/$name\\" \\"$out/RECOVERYXLOG\\"" || exit 1; done'
// The command behind `--`, once for each name before it.
const EACH_BY_US =
  'names=; while [ "$1" != -- ]; do names="$names $1"; shift; done; shift; for name in $names; do "$@" --wal-file-name="$name" || exit 1; done'

/** A directory like that of a server which has segments to be archived. */
type Source = {
  readonly directory: string
  readonly walDirectory: string
  readonly names: readonly string[]
}

/**
 * Archiving and fetching the same WAL: a process for each segment, as a server calls it, and in batches. Beside it what
 * `cp` and `gzip` do for each segment, durable. The figures are for all segments; their number is in the names.
 */
export async function walSeries(bench: Bench, series: RunSeries, signal: AbortSignal): Promise<void> {
  const { place, cluster, operations } = bench
  const source = await makeSource(path.join(place, 'wal-source'), cluster)
  const out = path.join(place, 'wal-yardstick')
  const byShell = (name: string, script: string): Lane => ({
    name,
    async run(stop) {
      await rm(out, { recursive: true, force: true })
      await mkdir(out)
      const words = ['sh', '-c', script, 'sh', source.walDirectory, out, ...source.names]
      const end = await requireCommand({ words }, stop)
      return { ...end, storedBytes: await sizeOf(out) }
    },
  })
  const push = async (operation: OperationName, yardstick: Lane, words: readonly string[]): Promise<void> => {
    if (!operations.has(operation)) return
    const { title } = TARGETS[operation]
    await series(title, [
      yardstick,
      pushLane(bench, source, operation, title, words),
      pushLane(bench, source, operation, `${title}, one batch`, [...words, ...BATCH]),
    ])
  }
  await push('archive-push', byShell(YARDSTICKS.cpEach, EACH_COPIED), [])
  await push('archive-push-zlib', byShell(YARDSTICKS.gzipEach, EACH_PACKED), ['--compress'])
  if (operations.has('archive-get')) {
    await archive(bench, source, ['--compress', ...BATCH], signal)
    const { title } = TARGETS['archive-get']
    await series(title, [
      byShell(YARDSTICKS.cpBack, EACH_FETCHED),
      getLane(bench, source, title, []),
      getLane(bench, source, `${title}, fetched ahead`, BATCH),
      getLane(bench, source, `${title}, fetched ahead unread`, [...BATCH, '--no-validate-wal']),
    ])
  }
  await rm(out, { recursive: true, force: true })
  await rm(source.directory, { recursive: true, force: true })
}

const BATCH = ['-j', '2', `--batch-size=${SEGMENTS}`]

function pushLane(
  bench: Bench,
  source: Source,
  operation: OperationName,
  name: string,
  words: readonly string[],
): Lane {
  return {
    name,
    operation,
    async run(signal) {
      const end = await archive(bench, source, words, signal)
      return { ...end, storedBytes: await sizeOf(archiveOf(bench)) }
    },
  }
}

/** Into an archive that is empty before. A batch is one call. */
async function archive(
  bench: Bench,
  source: Source,
  words: readonly string[],
  signal: AbortSignal,
): Promise<Measurement> {
  await rm(archiveOf(bench), { recursive: true, force: true })
  await mkdir(archiveOf(bench))
  const [first = ''] = source.names
  const names = words.includes(BATCH[2] ?? '') ? [first] : source.names
  return await callForEach(bench, source, names, ['archive-push', '--no-ready-rename', ...words], signal)
}

function getLane(bench: Bench, source: Source, name: string, words: readonly string[]): Lane {
  return {
    name,
    operation: 'archive-get',
    async run(signal) {
      await rm(path.join(source.walDirectory, 'pbk_prefetch'), { recursive: true, force: true })
      const get = ['archive-get', '--wal-file-path=pg_wal/RECOVERYXLOG', ...words]
      return await callForEach(bench, source, source.names, get, signal)
    },
  }
}

async function callForEach(
  { tidemark }: Bench,
  source: Source,
  names: readonly string[],
  words: readonly string[],
  signal: AbortSignal,
): Promise<Measurement> {
  const command = tidemark.command(words)
  const all = ['sh', '-c', EACH_BY_US, 'sh', ...names, '--', ...command.words]
  const env = { ...command.env, HOME: process.env['HOME'] ?? '/' }
  return await requireCommand({ words: all, cwd: source.directory, env }, signal)
}

function archiveOf({ tidemark }: Bench): string {
  return path.join(tidemark.catalog, 'wal', 'main')
}

/** Has the server write segments, and copies them to where nothing recycles them. */
async function makeSource(directory: string, { server }: BenchCluster): Promise<Source> {
  const current = async () => {
    const name = await server.value('postgres', 'select pg_walfile_name(pg_current_wal_lsn())')
    const segment = findWalSegment(name, SEGMENT_BYTES)
    if (segment === undefined) throw new Error(`${name} is no segment of 16 MiB`)
    return segment
  }
  await server.run('postgres', 'checkpoint', 'create table wal_made (n int, v text, w text)')
  const first = await current()
  while ((await current()).number < first.number + BigInt(SEGMENTS)) {
    await server.run(
      'postgres',
      "insert into wal_made select n, md5(n::text), repeat('x', n % 90) from generate_series(1, 100000) n",
    )
  }
  const walDirectory = path.join(directory, 'pg_wal')
  await mkdir(path.join(walDirectory, 'archive_status'), { recursive: true })
  await mkdir(path.join(directory, 'global'))
  await copyFile(
    path.join(server.dataDirectory, 'global', 'pg_control'),
    path.join(directory, 'global', 'pg_control'),
  )
  const names: string[] = []
  for (let at = 0; at < SEGMENTS; at++) {
    const name = walSegmentName({ ...first, number: first.number + BigInt(at) }, SEGMENT_BYTES)
    await copyFile(path.join(server.dataDirectory, 'pg_wal', name), path.join(walDirectory, name))
    await writeFile(path.join(walDirectory, 'archive_status', `${name}.ready`), '')
    names.push(name)
  }
  await server.run('postgres', 'drop table wal_made')
  return { directory, walDirectory, names }
}
