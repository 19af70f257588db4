import { SILENT_LOG } from '../base/log.ts'
import { type EmbeddedMajor, findEmbeddedPrograms } from '../host/embedded-postgres.ts'
import { findPostgresPrograms, type PostgresPrograms } from '../host/postgres-programs.ts'
import {
  type ScratchServer,
  type ScratchServerOptions,
  startScratchServer,
} from '../server/scratch-server.ts'

const NEVER = new AbortController().signal

/** The programs that came with the installation. */
export async function embeddedPrograms(major: EmbeddedMajor): Promise<PostgresPrograms> {
  return await findPostgresPrograms(
    { major, directory: findEmbeddedPrograms(major), env: {} },
    { signal: NEVER },
  )
}

/** Starts a scratch server that need not survive a power cut. */
export async function startScratch(
  dataDirectory: string,
  major: EmbeddedMajor,
  options: Partial<ScratchServerOptions> = {},
): Promise<ScratchServer> {
  const programs = await embeddedPrograms(major)
  const settings = { fsync: 'off', ...options.settings }
  return await startScratchServer(
    { dataDirectory, programs, ...options, settings },
    { signal: NEVER, log: SILENT_LOG },
  )
}
