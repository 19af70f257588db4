import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import { formatLsn, type Lsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { parseRecoveryLog, type RecoveryLog } from '../format/recovery-log.ts'
import { type PostgresPrograms, programPath } from '../host/postgres-programs.ts'
import { type ConnectionSettings, openSession, type Session } from './connection.ts'
import { readRecoveryState, readReplayedTimeline, type RecoveryState } from './recovery-state.ts'
import { makeScratchPlace, type Owner, requireServerOwner, type ScratchPlace } from './scratch-place.ts'

export type ScratchServerOptions = {
  /** A restored data directory, absolute. Recovery changes it; no other server may run in it. */
  readonly dataDirectory: string
  readonly programs: PostgresPrograms
  /** Roles to connect as: the first one that exists, without a password. Default: `postgres`, then the user of this process. */
  readonly users?: readonly string[]
  /** Settings that go before those of the data directory and the harmless ones, for example `fsync: 'off'`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Where recovery went no further. */
export type RecoveryStop = {
  /** `paused`: at the target, readable; `open`: recovery is over, writes are possible; `shut-down`: as the target action wanted. */
  readonly state: 'paused' | 'open' | 'shut-down'
  /** Of the last record that was replayed; undefined when that cannot be asked. */
  readonly timeline: Timeline | undefined
  /** Where the last record that was replayed ends; undefined when nothing was replayed, or the server is shut down. */
  readonly replayedLsn: Lsn | undefined
  /** Of the last commit or abort that was replayed, in Unix microseconds; undefined when there was none. */
  readonly lastXactMicros: bigint | undefined
  /** What the server wrote about it. */
  readonly log: RecoveryLog
}

/** A recovery that the server gave up. */
export type RecoveryFailure = {
  readonly state: 'failed'
  /** The fatal line of its log, or how the process ended. */
  readonly message: string
  readonly log: RecoveryLog
}

/** How far recovery is while it is waited for. */
export type RecoveryProgress = { readonly replayedLsn: Lsn | undefined; readonly isReadable: boolean }

/**
 * A server on a restored data directory that nobody but this process reaches. Disposing stops it and leaves nothing
 * behind but the data directory.
 */
export type ScratchServer = AsyncDisposable & {
  readonly dataDirectory: string
  readonly pid: number
  /**
   * Waits until recovery goes no further: paused at the target, over, or shut down. That the server gave up is a value.
   *
   * @throws {EngineError} `run.timeout` after `limitMs`; the server goes on then
   */
  waitForRecovery(call: {
    readonly limitMs: number
    readonly signal: AbortSignal
    readonly onProgress?: (progress: RecoveryProgress) => void
  }): Promise<RecoveryStop | RecoveryFailure>
  /** For whoever connects otherwise, by `pg_dump` for example. Complete once a session has been opened. */
  connection(database?: string): ConnectionSettings
  session(database: string, call: { readonly signal: AbortSignal }): Promise<Session>
  /** The last 64 KiB of what the server wrote. */
  readLog(): Promise<string>
  /** Safe to call again. What does not end fast is ended at once. */
  stop(mode: 'fast' | 'immediate'): Promise<void>
}

const POLL_MS = 50
const FAST_STOP_MS = 30_000
const IMMEDIATE_STOP_MS = 10_000
const LOG_TAIL_BYTES = 64 << 10

/**
 * Starts a server on a restored data directory: on a Unix socket in a private directory (on Windows: on 127.0.0.1), with
 * archiving off, and everything else off that reaches out. Its configuration files stay as they are. It runs as the user
 * of this process, or as the owner of the data directory when this process is root. It ends with this process, unless
 * that is killed.
 *
 * @throws {EngineError} `server.denied` when it would have to run as root; `process.failed`, `storage.*`. Nothing runs
 * then, and nothing is left behind.
 */
export async function startScratchServer(
  options: ScratchServerOptions,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<ScratchServer> {
  signal.throwIfAborted()
  const { dataDirectory, programs } = options
  const owner = await requireServerOwner(dataDirectory)
  await using cleanUp = new AsyncDisposableStack()
  const place = cleanUp.use(await makeScratchPlace(dataDirectory, programs.major, owner))
  const running = cleanUp.use(await runServer(options, place, owner))
  log.verbose(`a scratch server runs on "${dataDirectory}", pid ${running.pid}`)
  const readLog = () => readTail(place.logFile, LOG_TAIL_BYTES)
  const sessions = sessionsOf(place, options.users ?? ['postgres', os.userInfo().username], log)
  const kept = cleanUp.move()
  return {
    dataDirectory,
    pid: running.pid,
    stop: running.stop,
    readLog,
    ...sessions,
    async waitForRecovery({ limitMs, signal: asked, onProgress }) {
      const deadline = AbortSignal.timeout(limitMs)
      const either = AbortSignal.any([asked, deadline])
      try {
        for (;;) {
          const ended = running.ended()
          if (ended !== undefined) return endOf(ended, parseRecoveryLog(await readLog()))
          const found = await lookAtRecovery(sessions.session, programs.major, readLog, either)
          if (found !== undefined && 'log' in found) return found
          const { replayedLsn } = found ?? parseRecoveryLog(await readLog())
          onProgress?.({ replayedLsn, isReadable: found !== undefined })
          await sleep(POLL_MS, undefined, { signal: either })
        }
      } catch (thrown) {
        asked.throwIfAborted()
        if (!deadline.aborted) throw thrown
        const { replayedLsn } = parseRecoveryLog(await readLog())
        const seen = replayedLsn === undefined ? '' : `; it was last seen at ${formatLsn(replayedLsn)}`
        throw new EngineError(
          'run.timeout',
          `recovery did not end within ${Math.round(limitMs / 1000)} s${seen}`,
          { hint: 'Allow more time, or recover from a backup that is closer to the target.' },
        )
      }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Undefined while the server does not answer, which it does not before it is consistent. */
async function lookAtRecovery(
  session: ScratchServer['session'],
  major: number,
  readLog: () => Promise<string>,
  signal: AbortSignal,
): Promise<RecoveryStop | RecoveryState | undefined> {
  try {
    await using opened = await session('postgres', { signal })
    const found = await readRecoveryState(opened, major)
    const { state, ...rest } = found
    if (state === 'replaying') return found
    const log = parseRecoveryLog(await readLog())
    return { ...rest, state, timeline: await readReplayedTimeline(opened, state, log.newTimeline), log }
  } catch (thrown) {
    signal.throwIfAborted()
    if (thrown instanceof EngineError && UNTIL_IT_ANSWERS.has(thrown.code)) return undefined
    throw thrown
  }
}

const UNTIL_IT_ANSWERS: ReadonlySet<string> = new Set(['server.unreachable', 'server.connection-lost'])

function endOf(how: string, log: RecoveryLog): RecoveryStop | RecoveryFailure {
  if (!log.isShutDownAtTarget) return { state: 'failed', message: log.fatal ?? how, log }
  return {
    state: 'shut-down',
    timeline: undefined,
    replayedLsn: undefined,
    lastXactMicros: undefined,
    log,
  }
}

type RunningServer = AsyncDisposable & {
  readonly pid: number
  /** How it ended; undefined while it runs. */
  ended(): string | undefined
  stop(mode: 'fast' | 'immediate'): Promise<void>
}

async function runServer(
  { dataDirectory, programs, settings }: ScratchServerOptions,
  place: ScratchPlace,
  owner: Owner | undefined,
): Promise<RunningServer> {
  const words = Object.entries({ ...place.settings, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  await using logHandle = await open(place.logFile, 'a')
  const child = spawn(programPath(programs, 'postgres'), ['-D', dataDirectory, ...words], {
    cwd: place.directory,
    env: environment(),
    stdio: ['ignore', logHandle.fd, logHandle.fd],
    // A Ctrl-C in the terminal is for this process, which then stops the server.
    detached: process.platform !== 'win32',
    ...owner,
  })
  let how: string | undefined
  const ended = Promise.withResolvers<void>()
  const onEnd = (text: string): void => {
    how ??= text
    ended.resolve()
  }
  child.on('error', (thrown) => onEnd(`it cannot be started: ${thrown.message}`))
  child.on('exit', (code, signal) => onEnd(`it ended with ${signal ?? `status ${code}`}`))
  await Promise.race([ended.promise, sleep(POLL_MS)])
  const { pid } = child
  if (pid === undefined) {
    throw new EngineError('process.failed', `PostgreSQL ${programs.versionText} does not run: ${how}`, {
      hint: 'Check that its programs are whole, and that this user may run them.',
    })
  }
  const endWithUs = (): void => void child.kill('SIGQUIT')
  process.once('exit', endWithUs)
  const stop = async (mode: 'fast' | 'immediate'): Promise<void> => {
    const ends = async (by: NodeJS.Signals, limitMs: number): Promise<boolean> => {
      if (how === undefined) await endsWithin(child, by, ended.promise, limitMs)
      return how !== undefined
    }
    if (mode === 'fast' && (await ends('SIGINT', FAST_STOP_MS))) return
    if (await ends('SIGQUIT', IMMEDIATE_STOP_MS)) return
    await ends('SIGKILL', IMMEDIATE_STOP_MS)
  }
  return {
    pid,
    ended: () => how,
    stop,
    async [Symbol.asyncDispose]() {
      await stop('immediate')
      process.removeListener('exit', endWithUs)
    },
  }
}

async function endsWithin(
  child: ChildProcess,
  by: NodeJS.Signals,
  ended: Promise<void>,
  limitMs: number,
): Promise<void> {
  child.kill(by)
  const enough = new AbortController()
  const late = sleep(limitMs, undefined, { signal: enough.signal }).catch(() => undefined)
  await Promise.race([ended, late])
  enough.abort()
}

/** The server inherits no setting and no password from this process. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH } = process.env
  return { PATH, SystemRoot, LD_LIBRARY_PATH, DYLD_LIBRARY_PATH, LC_ALL: 'C', TZ: 'UTC' }
}

function sessionsOf(
  place: ScratchPlace,
  users: readonly string[],
  log: Log,
): Pick<ScratchServer, 'connection' | 'session'> {
  let known: string | undefined
  const settings = (database: string, user: string): ConnectionSettings => ({
    host: place.host,
    port: place.port,
    user,
    database,
    password: '',
    sslMode: 'disable',
    env: {},
  })
  return {
    connection: (database = 'postgres') => settings(database, known ?? users[0] ?? 'postgres'),
    async session(database, { signal }) {
      for (const [index, user] of (known === undefined ? users : [known]).entries()) {
        try {
          const opened = await openSession(settings(database, user), { signal, log })
          known = user
          return opened
        } catch (thrown) {
          const isUnknownRole = thrown instanceof EngineError && thrown.code === 'server.auth-failed'
          if (!isUnknownRole || known !== undefined || index + 1 === users.length) throw thrown
        }
      }
      throw new EngineError('server.auth-failed', 'there is no role to connect as', {
        hint: 'Save the name of a superuser of the cluster as pguser in the configuration of the instance.',
      })
    },
  }
}

async function readTail(file: string, mostBytes: number): Promise<string> {
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  const bytes = new Uint8Array(Math.min(size, mostBytes))
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, size - bytes.length)
  return new TextDecoder().decode(bytes.subarray(0, bytesRead))
}
