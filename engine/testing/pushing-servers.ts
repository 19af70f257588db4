import { existsSync } from 'node:fs'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { startEngine, type TestEngine } from './engines.ts'
import { scratchDirectory } from './scratch.ts'
import { endSegment, giveToServers, startServer, type TestServer } from './servers.ts'
import { mountTinyDisk, type TinyDisk } from './tiny-disk.ts'
import { until } from './until.ts'
import { LEDGER_STATEMENTS } from './write-load.ts'

const CLI = path.join(import.meta.dirname, '..', 'cli', 'main.ts')

/** A server with small segments, and the catalog that its `archive_command` writes into. Its database `shop` has a ledger. */
export type PushingServer = {
  readonly server: TestServer
  readonly engine: TestEngine
  readonly ref: { readonly catalog: string; readonly instance: string }
  readonly archive: string
  /** That the catalog lies on, when it was asked for. */
  readonly disk: TinyDisk | undefined
  /**
   * From now on the server archives with that command line behind the usual words. A pusher that is killed is told as one
   * that failed: for a signal the server would start a new archiver, ten seconds later.
   */
  pushWith(...words: readonly string[]): Promise<void>
  /** A `restore_command`. */
  getWith(...words: readonly string[]): string
  hasArchived(name: string): boolean
  /** Ends the segment that is being written, and waits until the archive has it. */
  archiveAll(): Promise<void>
}

/** Starts one that archives nothing until it is told how. All of it is gone when the test has finished. */
export async function startPushingServer(
  name: string,
  major: TestServer['major'],
  options: { readonly diskBytes?: number } = {},
): Promise<PushingServer> {
  const scratch = await scratchDirectory(name)
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const { diskBytes } = options
  const disk =
    diskBytes === undefined ? undefined : mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: diskBytes })
  if (disk !== undefined) onTestFinished(() => disk[Symbol.asyncDispose]())
  const server = await startServer(scratch.path, {
    major,
    walSegmentMb: 1,
    settings: { archive_mode: 'on', archive_command: "'false'" },
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const engine = await startEngine()
  onTestFinished(() => engine[Symbol.asyncDispose]())
  const ref = await engine.register(path.join(disk?.path ?? scratch.path, 'catalog'), server)
  giveToServers(ref.catalog)
  await server.run('postgres', 'create database shop')
  await server.run('shop', ...LEDGER_STATEMENTS)
  const archive = path.join(ref.catalog, 'wal', ref.instance)
  const command = (verb: string, words: readonly string[]): string =>
    [
      `"${process.execPath}" "${CLI}" ${verb} -B "${ref.catalog}" --instance=${ref.instance}`,
      '--wal-file-name=%f',
      '--wal-file-path=%p',
      ...words,
    ].join(' ')
  const hasArchived = (segment: string): boolean =>
    [segment, `${segment}.gz`].some((one) => existsSync(path.join(archive, one)))
  return {
    server,
    engine,
    ref,
    archive,
    disk,
    hasArchived,
    async pushWith(...words) {
      const line = command('archive-push', ['--archive-timeout=1s', ...words, '|| exit 1'])
      await server.run('postgres', `alter system set archive_command = '${line}'`, 'select pg_reload_conf()')
    },
    getWith: (...words) => command('archive-get', words),
    async archiveAll() {
      const last = await endSegment(server)
      await until(() => hasArchived(last))
    },
  }
}
