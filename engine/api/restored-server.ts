import { realpath } from 'node:fs/promises'
import { EngineError, toWireError } from '../base/engine-error.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { formatLsn, type Lsn } from '../base/lsn.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { isoMicros } from '../catalog/recovery-time-text.ts'
import { readPostmasterPid } from '../host/postmaster-pid.ts'
import { isProcessAlive } from '../host/process.ts'
import { readRestored, type Restored as RestoredFiles } from '../operations/after-restore/run.ts'
import { readRestoredLog } from '../operations/after-restore/server-log.ts'
import { openSession, type Session } from '../server/connection.ts'
import { promote } from '../server/promote.ts'
import { readRecoveryState } from '../server/recovery-state.ts'
import { connectionOf } from './connections.ts'
import type { EngineContext } from './context.ts'
import type { RestoredRecord } from './contract/restored.ts'
import type { InstanceRef } from './contract/values.ts'

type Restored = InstanceRef & { readonly dataDirectory: string }
type Address = { readonly host: string; readonly port: string; readonly pid: number }

/**
 * What the files of a restored directory say, and the server that runs on it. That this one cannot be asked is in the
 * record.
 *
 * @throws {EngineError} `instance.identity-mismatch`, `storage.*`, `format.*`
 */
export async function lookAtRestored(
  context: EngineContext,
  restored: Restored,
  signal: AbortSignal,
): Promise<RestoredRecord> {
  const { dataDirectory } = restored
  const config = readInstanceConfig(restored.catalog, restored.instance)
  const found = await readRestored(dataDirectory, config.values['system-identifier'])
  const address = await addressOf(dataDirectory)
  const log = await readRestoredLog(dataDirectory, address?.pid)
  const server = address && {
    host: address.host,
    port: address.port,
    ...(await ask(context, restored, address, signal)),
  }
  return {
    dataDirectory,
    stage: found.stage,
    server:
      server?.state === undefined && server !== undefined
        ? starting(server, found, log?.replayedLsn)
        : server,
    log: log && { file: log.file, stop: log.stop, serious: log.serious },
    files: found.files,
    settings: found.block.lines,
    unmarkedSettings: found.block.unmarked,
  }
}

/**
 * Promotes the server on a restored directory when it is paused at its target.
 *
 * @throws {EngineError} `plan.refused` when none runs, it is not paused, or it is a standby; `instance.identity-mismatch` when the server
 * there is another one; `server.*`, `run.timeout`
 */
export async function promoteRestored(
  context: EngineContext,
  restored: Restored,
  signal: AbortSignal,
): Promise<void> {
  const address = await addressOf(restored.dataDirectory)
  if (address === undefined) {
    throw new EngineError('plan.refused', `no server runs on "${restored.dataDirectory}"`, {
      hint: 'Start it; it pauses at the target.',
    })
  }
  const { values } = readInstanceConfig(restored.catalog, restored.instance)
  const { stage } = await readRestored(restored.dataDirectory, values['system-identifier'])
  if (stage === 'standby') {
    throw new EngineError('plan.refused', `the server on "${restored.dataDirectory}" is a standby`, {
      hint: 'It may be paused for another reason. To part it from its primary for good: pg_ctl promote.',
    })
  }
  await using session = await openRestored(context, restored, address, signal)
  const major = await majorOf(session, signal)
  const { state } = await readRecoveryState(session, major)
  if (state === 'replaying') {
    throw new EngineError('plan.refused', 'the server has not come to its target yet', {
      hint: 'Wait until it pauses; what is promoted before has lost what was still to be replayed.',
    })
  }
  await promote(session, major, signal)
}

async function ask(
  context: EngineContext,
  restored: Restored,
  address: Address,
  signal: AbortSignal,
): Promise<Omit<NonNullable<RestoredRecord['server']>, 'host' | 'port'>> {
  try {
    await using session = await openRestored(context, restored, address, signal)
    const major = await majorOf(session, signal)
    const { state, replayedLsn, lastXactMicros } = await readRecoveryState(session, major)
    return {
      state,
      lsn: replayedLsn === undefined ? undefined : formatLsn(replayedLsn),
      lastCommitAt: lastXactMicros === undefined ? undefined : (isoMicros(lastXactMicros) as IsoTime),
      problem: undefined,
    }
  } catch (thrown) {
    signal.throwIfAborted()
    if (!(thrown instanceof EngineError)) throw thrown
    return { state: undefined, lsn: undefined, lastCommitAt: undefined, problem: toWireError(thrown) }
  }
}

type Server = NonNullable<RestoredRecord['server']>

/**
 * A server that answers nobody yet replays: its log tells now and then how far it is, and `pg_control` when it had to write
 * pages. Source: PostgreSQL `postmaster.c`, `canAcceptConnections`.
 */
function starting(server: Server, { control }: RestoredFiles, logged: Lsn | undefined): Server {
  if (server.problem?.facts?.['sqlState'] !== STARTING_UP) return server
  const written = control.minRecoveryPoint
  const lsn = logged !== undefined && logged > written ? logged : written
  return {
    ...server,
    state: 'starting',
    lsn: lsn === 0n ? undefined : formatLsn(lsn),
    problem: undefined,
  }
}

/** ERRCODE_CANNOT_CONNECT_NOW */
const STARTING_UP = '57P03'

/** With user, password and database of the instance: the restored cluster has its roles. */
async function openRestored(
  context: EngineContext,
  restored: Restored,
  address: Address,
  signal: AbortSignal,
): Promise<Session> {
  const config = readInstanceConfig(restored.catalog, restored.instance)
  const settings = await connectionOf(context, restored, config, address)
  const session = await openSession(settings, { signal, log: context.log })
  try {
    await requireOn(session, restored.dataDirectory, signal)
    return session
  } catch (thrown) {
    await session[Symbol.asyncDispose]()
    throw thrown
  }
}

/** A number of a port is given to another server sooner or later. */
async function requireOn(session: Session, dataDirectory: string, signal: AbortSignal): Promise<void> {
  const { rows } = await session.query(`select pg_catalog.current_setting('data_directory') as at`, [], {
    signal,
  })
  const at = String(rows[0]?.['at'])
  const found = await realpath(at).catch(() => at)
  if (found === (await realpath(dataDirectory))) return
  throw new EngineError('instance.identity-mismatch', `the server there runs on "${at}"`, {
    hint: `Start the one on "${dataDirectory}" on a port of its own.`,
  })
}

/** From `postmaster.pid`, while its process lives. */
async function addressOf(dataDirectory: string): Promise<Address | undefined> {
  const found = await readPostmasterPid(dataDirectory)
  if (found === undefined || found.pid < 0 || isProcessAlive(found.pid) === 'gone') return undefined
  const { port, socketDirectory, listens } = found
  if (!/^[1-9]\d*$/.test(port)) return undefined
  if (listens === '')
    return socketDirectory === '' ? undefined : { host: socketDirectory, port, pid: found.pid }
  return { host: listens === '*' || listens === '0.0.0.0' ? '127.0.0.1' : listens, port, pid: found.pid }
}

async function majorOf(session: Session, signal: AbortSignal): Promise<number> {
  const { rows } = await session.query(
    `select pg_catalog.current_setting('server_version_num')::int / 10000 as major`,
    [],
    { signal },
  )
  return Number(rows[0]?.['major'])
}
