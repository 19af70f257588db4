import { readFile, stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { instanceDirectory } from '../catalog/paths.ts'
import { isoMicros } from '../catalog/recovery-time-text.ts'
import { readTarget } from '../catalog/recovery-target.ts'
import { findPostgresPrograms, findProgramVersion } from '../host/postgres-programs.ts'
import { readStartFacts, startLines } from '../operations/restore/after-start.ts'
import { line, type PreflightLine } from '../operations/restore/preflight.ts'
import type { EngineContext } from './context.ts'
import type { RestorePlan, RestoreRequest } from './contract/restore.ts'

/**
 * What the server that somebody will start on the restored directory will meet: programs of its version, its owner, what
 * its configuration makes it do. None of it stops a restore: who restores may start it elsewhere and otherwise.
 */
export async function serverLines(
  { env }: Pick<EngineContext, 'env'>,
  request: RestoreRequest,
  plan: RestorePlan,
  signal: AbortSignal,
): Promise<readonly PreflightLine[]> {
  const { catalog, instance } = request
  const { dataDirectory, chain, recoverySettings } = plan
  const own = readInstanceConfig(catalog, instance).values['pgdata']
  const facts = await readStartFacts(
    chain.toReversed().map(({ id }) => path.join(instanceDirectory(catalog, instance), id)),
    {
      catalog,
      instance,
      isInPlace: own !== undefined && path.resolve(own) === dataDirectory,
      recoverySettings,
    },
  )
  const major = Number.parseInt(plan.backup.serverVersion ?? '', 10)
  return [
    ...(Number.isNaN(major) ? [] : [await versionLine(major, dataDirectory, env, signal)]),
    ...(await ownerLines(dataDirectory)),
    ...zoneLines(request),
    ...startLines(facts),
  ]
}

/** Of the programs that ran there last, else of those that are installed; elsewhere there may be others. */
async function versionLine(
  major: number,
  dataDirectory: string,
  env: EngineContext['env'],
  signal: AbortSignal,
): Promise<PreflightLine> {
  const last = await lastProgram(dataDirectory)
  const ran = last === undefined ? undefined : await findProgramVersion(path.dirname(last), signal)
  if (ran !== undefined && Number.parseInt(ran, 10) !== major) {
    const values = { path: dataDirectory, version: ran, major }
    return line('version', 'warning', 'version-differs', values, 'right-server')
  }
  if (last !== undefined && ran !== undefined)
    return line('version', 'ok', 'version-found', { version: ran, path: path.dirname(last) })
  try {
    const { versionText, directory } = await findPostgresPrograms({ major, env }, { signal })
    return line('version', 'ok', 'version-found', { version: versionText, path: directory })
  } catch (thrown) {
    signal.throwIfAborted()
    if (!(thrown instanceof EngineError)) throw thrown
    return line('version', 'unknown', 'version-unknown', { major }, 'install-server')
  }
}

/** The `postgres` that was started on a directory last. Source: PostgreSQL `postmaster.c`, `CreateOptsFile`. */
async function lastProgram(dataDirectory: string): Promise<string | undefined> {
  const text = await readFile(path.join(dataDirectory, 'postmaster.opts'), 'utf8').catch(() => '')
  const program = /^(.+?) (?=")/.exec(`${text.trim()} "`)?.[1]?.trim()
  return program !== undefined && path.isAbsolute(program) ? program : undefined
}

/** A server runs only as the owner of its directory. Source: PostgreSQL `miscinit.c`, `checkDataDir`. */
async function ownerLines(dataDirectory: string): Promise<readonly PreflightLine[]> {
  const uid = process.getuid?.()
  // Root gives files to the owner of the directory, which the plan tells.
  if (uid === undefined || uid === 0) return []
  const user = os.userInfo().username
  const found = await stat(dataDirectory).catch(() => undefined)
  if (found === undefined || found.uid === uid) return [line('owner', 'ok', 'owner-same', { user })]
  const values = { path: dataDirectory, owner: found.uid, user }
  return [line('owner', 'warning', 'owner-differs', values, 'own-directory')]
}

/** A time without a zone is refused before; this says which moment it is. */
function zoneLines({ target }: RestoreRequest): readonly PreflightLine[] {
  if (target?.kind !== 'time') return []
  const read = readTarget(target)
  return read.kind === 'time'
    ? [line('time-zone', 'ok', 'zone-explicit', { at: target.at, utc: isoMicros(read.micros) })]
    : []
}
