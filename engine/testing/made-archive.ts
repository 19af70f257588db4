import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SILENT_LOG } from '../base/log.ts'
import type { Run } from '../base/run.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { crc32c } from '../format/crc32c.ts'
import { CONTROL_FILE_BYTES } from '../format/control-file.ts'
import { writeCatalog } from './made-catalog.ts'
import { MadeWal } from './made-wal.ts'
import { scratchDirectory } from './scratch.ts'

/** A catalog and the data directory of a server that archives into it, with made WAL of 1 MiB segments. */
export type MadeArchive = AsyncDisposable & {
  readonly catalog: string
  readonly instance: 'main'
  /** `wal/main` */
  readonly archive: string
  readonly dataDirectory: string
  readonly walDirectory: string
  readonly wal: MadeWal
  /** Fills another segment, puts it into `pg_wal`, and says that it is ready. Gives its name. */
  addSegment(): string
  /** Adds lines to `pg_probackup.conf`. */
  configure(...lines: readonly string[]): void
}

/** What an operation is given that nobody watches. */
export const UNWATCHED: Run = {
  signal: new AbortController().signal,
  report: () => undefined,
  log: SILENT_LOG,
  clock: SYSTEM_CLOCK,
}

export async function makeArchiveCatalog(): Promise<MadeArchive> {
  const scratch = await scratchDirectory('made-archive')
  const wal = new MadeWal()
  const config = [
    `system-identifier = ${wal.systemIdentifier}`,
    `xlog-seg-size = ${wal.segmentBytes}`,
    'archive-timeout = 1',
  ]
  const catalog = path.join(scratch.path, 'catalog')
  const configFile = path.join(writeCatalog(catalog), 'pg_probackup.conf')
  writeFileSync(configFile, `${config.join('\n')}\n`)
  const dataDirectory = path.join(scratch.path, 'data')
  const walDirectory = path.join(dataDirectory, 'pg_wal')
  mkdirSync(path.join(walDirectory, 'archive_status'), { recursive: true })
  mkdirSync(path.join(dataDirectory, 'global'))
  writeFileSync(path.join(dataDirectory, 'global', 'pg_control'), madeControlFile(wal))
  return {
    catalog,
    instance: 'main',
    archive: path.join(catalog, 'wal', 'main'),
    dataDirectory,
    walDirectory,
    wal,
    addSegment() {
      const number = wal.end / BigInt(wal.segmentBytes)
      for (let at = 0; at < 5; at++) wal.append({ mainData: new Uint8Array(200).fill(at) })
      wal.switchSegment()
      const name = wal.nameOf(number)
      writeFileSync(path.join(walDirectory, name), wal.segments.get(number) ?? '')
      writeFileSync(path.join(walDirectory, 'archive_status', `${name}.ready`), '')
      return name
    },
    configure(...lines) {
      config.push(...lines)
      writeFileSync(configFile, `${config.join('\n')}\n`)
    },
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  }
}

/** A `pg_control` of PostgreSQL 15 with the facts that tell a cluster from others. */
export function madeControlFile(cluster: Pick<MadeWal, 'systemIdentifier' | 'segmentBytes'>): Uint8Array {
  const bytes = new Uint8Array(CONTROL_FILE_BYTES)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, cluster.systemIdentifier, true)
  view.setUint32(8, 1300, true)
  view.setUint32(228, cluster.segmentBytes, true)
  view.setUint32(288, crc32c(bytes.subarray(0, 288)), true)
  return bytes
}
