import { mkdir, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { isEmbedded, startPostgres } from '../host/embedded-postgres.ts'
import type { BenchCluster } from './cluster.ts'
import { type Command, type Measurement, requireCommand, sizeOf } from './measure.ts'
import { findProgram, findServerProgram } from './programs.ts'
import type { Lane, MissingLane } from './series.ts'
import { YARDSTICKS } from './targets.ts'

// The first word is the directory that is made, the others are what is copied into it. A pipe has the status of its last
// program only, so tar leaves word of its own.
const PACKED =
  'out=$1; shift; { tar -cf - "$@" || touch "$out/failed"; } | PACKER > "$out/archive" && sync -f "$out/archive" && [ ! -e "$out/failed" ]'
const COPIED = 'out=$1; shift; cp -r "$@" "$out" && sync -f "$out"'
const READ = 'find "$@" -type f -exec cat {} + > /dev/null'

/** A version whose control file older programs read. */
const OLDER_MAJOR = 15

type YardLane = Lane | MissingLane

/** `cp -r` of names in a directory, durable at the end. */
export function copyLane(
  name: string,
  place: string,
  from: () => { readonly cwd: string; readonly entries: readonly string[] },
): YardLane {
  const out = path.join(place, 'yardstick-copy')
  return lane(name, ['cp', 'sync'], {
    out,
    command: () => {
      const { cwd, entries } = from()
      return shell(COPIED, [out, ...entries], cwd)
    },
  })
}

/** `tar` of the data directory through a compressor, durable at the end. */
export function packLane(
  name: string,
  place: string,
  cluster: BenchCluster,
  packer: readonly [program: string, ...words: string[]],
): YardLane {
  const out = path.join(place, 'yardstick-archive')
  return lane(name, ['tar', packer[0], 'sync'], {
    out,
    command: () =>
      shell(
        PACKED.replace('PACKER', packer.join(' ')),
        [out, ...cluster.entries()],
        cluster.server.dataDirectory,
      ),
  })
}

/** Reading every file of the data directory. */
export function readLane(cluster: BenchCluster): YardLane {
  return lane(YARDSTICKS.cat, ['find', 'cat'], {
    command: () => shell(READ, cluster.entries(), cluster.server.dataDirectory),
  })
}

/** The server's own way to a plain copy, with the WAL it needs. It is slower for reading through the server. */
export async function baseBackupLane(
  place: string,
  cluster: BenchCluster,
  signal: AbortSignal,
): Promise<YardLane> {
  const serves = (major: number): boolean => major >= cluster.server.major
  const found = await findServerProgram('pg_basebackup', cluster.binDirectory, serves, signal)
  if ('missing' in found) return { name: YARDSTICKS.basebackup, missing: found.missing }
  const out = path.join(place, 'yardstick-basebackup')
  const words = [found.file, '-h', '127.0.0.1', '-p', String(cluster.server.port), '-U', 'postgres', '-w']
  return lane(YARDSTICKS.basebackup, [], {
    out,
    command: () => ({ words: [...words, '-c', 'fast', '-X', 'stream', '-D', out], env: cluster.env }),
  })
}

/** Every page checked by the server's own program, and what holds no pages read. The server has to be down. */
export async function checksumsLane(
  place: string,
  cluster: BenchCluster,
  signal: AbortSignal,
): Promise<YardLane> {
  const find = (serves: (major: number) => boolean) =>
    findServerProgram('pg_checksums', cluster.binDirectory, serves, signal)
  let found = await find((major) => major === cluster.server.major)
  let directory = cluster.server.dataDirectory
  if ('missing' in found && isEmbedded(OLDER_MAJOR)) {
    const older = await find((major) => major >= 13 && major <= 16)
    if (!('missing' in older)) {
      found = older
      directory = await olderFront(path.join(place, 'checksums-front'), cluster)
    }
  }
  if ('missing' in found) return { name: YARDSTICKS.checksums, missing: found.missing }
  const { file } = found
  return lane(YARDSTICKS.checksums, ['find', 'cat'], {
    command: () => {
      const rest = cluster.entries().filter((name) => !['base', 'global', 'pg_tblspc'].includes(name))
      const script = `"$1" --check -D "$2" && shift 2 && ${READ}`
      return shell(script, [file, directory, ...rest], cluster.server.dataDirectory)
    },
  })
}

/**
 * A data directory of an older version whose relations are those of the cluster: pages have had the same checksum since
 * version 9.3, but pg_checksums wants a control file of its own time. 13 to 16 share one (PG_CONTROL_VERSION).
 */
async function olderFront(directory: string, cluster: BenchCluster): Promise<string> {
  await using server = await startPostgres({ directory, major: OLDER_MAJOR })
  await server.stop('fast')
  const base = path.join(server.dataDirectory, 'base')
  await rm(base, { recursive: true })
  await symlink(path.join(cluster.server.dataDirectory, 'base'), base)
  return server.dataDirectory
}

/** What a backup costs the server: a checkpoint, and the end of the backup. */
export function serverLane(cluster: BenchCluster): Lane {
  return {
    name: YARDSTICKS.server,
    async run(signal) {
      const started = performance.now()
      await cluster.startAndStopBackup(signal)
      const wallSeconds = (performance.now() - started) / 1000
      return { wallSeconds, cpuSeconds: undefined, peakBytes: undefined, storedBytes: undefined }
    },
  }
}

/** A command whose output, if it has one, is a directory that is there and empty before it and gone after it. */
type Work = { readonly out?: string; readonly command: () => Command }

function lane(name: string, programs: readonly string[], { out, command }: Work): YardLane {
  for (const program of programs) {
    const found = findProgram(program)
    if ('missing' in found) return { name, missing: found.missing }
  }
  return {
    name,
    async run(signal): Promise<Measurement> {
      if (out !== undefined) await removeOutput(out)
      try {
        if (out !== undefined) await mkdir(out, { mode: 0o700 })
        const end = await requireCommand(command(), signal)
        return { ...end, storedBytes: out === undefined ? undefined : await sizeOf(out) }
      } finally {
        if (out !== undefined) await removeOutput(out)
      }
    },
  }
}

function shell(script: string, words: readonly string[], cwd: string): Command {
  return { words: ['sh', '-c', script, 'sh', ...words], cwd }
}

async function removeOutput(out: string): Promise<void> {
  await rm(out, { recursive: true, force: true, maxRetries: 5 })
}
