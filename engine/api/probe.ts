import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { EngineError, toWireError } from '../base/engine-error.ts'
import { isCatalog, listInstances } from '../catalog/instance.ts'
import { decodeControlFile } from '../format/control-file.ts'
import { openSession } from '../server/connection.ts'
import { readFacts, type ServerFacts } from '../server/postgres/facts.ts'
import { connectionOf } from './connections.ts'
import type { EngineContext } from './context.ts'
import type { EngineHandlers } from './contract/contract.ts'
import type { ProbeHint, ProbeLine, ProbeReport } from './contract/instances.ts'
import { isThere } from './files.ts'
import { quietRun } from './quiet-run.ts'
import { serverStatus } from './server-status.ts'
import { suggestName } from './suggest-name.ts'

type ProbeRequest = Parameters<EngineHandlers['instances.probe']>[0]

/** Looks at a server, its files and the catalog, and says of each how it stands. Changes nothing. */
export async function probe(
  context: EngineContext,
  request: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeReport> {
  const lines: ProbeLine[] = []
  const facts = await connect(context, request, signal, lines)
  const dataDirectory = request.dataDirectory ?? facts?.dataDirectory
  if (facts !== undefined) lines.push(...serverLines(facts))
  lines.push(await dataDirectoryLine(dataDirectory, facts))
  lines.push(...(await catalogLines(request)))
  return {
    lines,
    canAdd: lines.every(({ state }) => state !== 'failed') && dataDirectory !== undefined,
    server: facts === undefined ? undefined : serverStatus(facts, undefined),
    dataDirectory,
    suggestedName: suggestName(dataDirectory, facts?.databases.map(({ name }) => name) ?? []),
  }
}

async function connect(
  context: EngineContext,
  request: ProbeRequest,
  signal: AbortSignal,
  lines: ProbeLine[],
): Promise<ServerFacts | undefined> {
  try {
    const ref = { catalog: request.catalog ?? '', instance: request.instance ?? '' }
    const connection = await connectionOf(context, ref, { values: {} }, request.connection, request.password)
    await using session = await openSession(connection, quietRun(context, signal))
    const facts = await readFacts(session)
    lines.push(line('connect', 'ok', 'connected', { database: session.database, user: session.user }))
    return facts
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || signal.aborted) throw thrown
    lines.push({
      code: 'connect',
      state: 'failed',
      sentence: { code: 'not-connected', values: {} },
      hint: undefined,
      failure: toWireError(thrown),
      remedy: thrown.facts['remedy'],
    })
    return undefined
  }
}

function serverLines(facts: ServerFacts): readonly ProbeLine[] {
  const lines = [
    line('version', 'ok', 'version', { version: facts.versionText }),
    line('role', 'ok', facts.isInRecovery ? 'role-standby' : 'role-primary', {}),
    facts.canReplicate
      ? line('replication', 'ok', 'may-replicate', {})
      : line(
          'replication',
          'warning',
          'may-not-replicate',
          {},
          'needs-archive',
          'ALTER ROLE backup WITH REPLICATION;',
        ),
    ...facts.missingRights.map(({ what, sql }) =>
      line('rights', 'warning', 'right-missing', { what }, 'let-superuser-run', sql),
    ),
    facts.hasChecksums
      ? line('checksums', 'ok', 'checksums-on', {})
      : line(
          'checksums',
          'warning',
          'checksums-off',
          {},
          'enable-checksums',
          'pg_checksums --enable -D <data directory>',
        ),
    facts.walLevel === 'minimal'
      ? line(
          'wal-level',
          'failed',
          'wal-level-minimal',
          {},
          'restart-server',
          "ALTER SYSTEM SET wal_level = 'replica';",
        )
      : line('wal-level', 'ok', 'wal-level', { level: facts.walLevel }),
    facts.archiveMode === 'off'
      ? line('archive', 'warning', 'archive-off', {}, 'no-moments-between')
      : line('archive', 'ok', 'archive-on', { mode: facts.archiveMode }),
  ]
  if (facts.tablespaces.length > 0)
    lines.push(line('tablespaces', 'ok', 'tablespaces', { count: facts.tablespaces.length }))
  return lines
}

/** The files must be readable here, and they must be those of the server. */
async function dataDirectoryLine(
  dataDirectory: string | undefined,
  facts: ServerFacts | undefined,
): Promise<ProbeLine> {
  if (dataDirectory === undefined) {
    return line('data-directory', 'failed', 'data-directory-unknown', {}, 'give-data-directory')
  }
  try {
    const control = decodeControlFile(await readFile(path.join(dataDirectory, 'global', 'pg_control')))
    if (facts !== undefined && control.systemIdentifier !== facts.systemIdentifier) {
      const values = {
        path: dataDirectory,
        files: String(control.systemIdentifier),
        server: String(facts.systemIdentifier),
      }
      return line('identity', 'failed', 'other-cluster', values, 'give-this-servers-directory')
    }
    return line('data-directory', 'ok', 'data-directory', { path: dataDirectory })
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    return line(
      'data-directory',
      'failed',
      'data-directory-unreadable',
      { path: dataDirectory, message },
      'run-as-owner',
    )
  }
}

async function catalogLines({ catalog, instance }: ProbeRequest): Promise<readonly ProbeLine[]> {
  if (catalog === undefined) return []
  if (!(await isCatalog(catalog))) {
    return [
      line('catalog', 'ok', (await isThere(catalog)) ? 'catalog-to-be-made-here' : 'catalog-to-be-made', {
        path: catalog,
      }),
    ]
  }
  const lines = [line('catalog', 'ok', 'catalog', { path: catalog })]
  if (instance !== undefined && (await listInstances(catalog)).includes(instance)) {
    lines.push(line('name', 'failed', 'name-taken', { name: instance }, 'other-name'))
  }
  return lines
}

function line(
  code: ProbeLine['code'],
  state: ProbeLine['state'],
  sentence: string,
  values: Readonly<Record<string, string | number>>,
  hint?: ProbeHint,
  remedy?: string,
): ProbeLine {
  return { code, state, sentence: { code: sentence, values }, hint, failure: undefined, remedy }
}
