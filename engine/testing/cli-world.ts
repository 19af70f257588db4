import { contract, type EngineHandlers } from '../api/contract/contract.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { localClient } from '../api/local.ts'
import { heldClock } from '../base/clock.ts'
import type { IsoTime } from '../base/iso-time.ts'
import type { LogEntry } from '../base/log.ts'
import { runCommandLine } from '../cli/run.ts'
import type { World } from '../cli/world.ts'

/** What a command line printed and how it ended. */
export type CliOutcome = { readonly status: number; readonly out: string; readonly err: string }

type Options = Partial<World> & {
  readonly handlers?: Partial<EngineHandlers>
  /** What is typed at the password prompt; without it there is no terminal to ask on. */
  readonly password?: string
}

/** Runs the real command line against hand-made handlers, at a held time, with its output caught. */
export async function runCli(argv: readonly string[], options: Options = {}): Promise<CliOutcome> {
  const { handlers = {}, password, ...rest } = options
  let out = ''
  let err = ''
  const world: World = {
    environment: {},
    workingDirectory: '/srv/pgdata',
    clock: heldClock('2026-11-21T01:00:00Z'),
    pid: 4711,
    version: '9.8.7',
    platform: 'Node.js 24.0.0, test',
    writeOut: (text) => {
      out += text
    },
    writeErr: (text) => {
      err += text
    },
    isOutTerminal: false,
    isErrTerminal: false,
    errColumns: 80,
    askPassword: password === undefined ? undefined : async () => password,
    onInterrupt: () => ({ [Symbol.dispose]: () => undefined }),
    exitNow: (status) => {
      throw new Error(`exited with ${status}`)
    },
    openSession: async () => ({
      client: localClient(contract, { 'instances.config': async () => [], ...handlers } as EngineHandlers),
      [Symbol.asyncDispose]: async () => undefined,
    }),
    openArchiving: async () =>
      localClient(contract, { 'instances.config': async () => [], ...handlers } as EngineHandlers),
    ...rest,
  }
  const status = await runCommandLine(argv, world)
  return { status, out, err }
}

/** Handlers for one job that logs `entries` and then is as `end` says. */
export function jobHandlers(
  end: Partial<JobSnapshot>,
  entries: readonly LogEntry[] = [],
): Partial<EngineHandlers> {
  const snapshot: JobSnapshot = {
    id: 'job-1',
    kind: 'backup',
    catalog: '/srv/catalog',
    instance: 'main',
    backupId: undefined,
    mode: undefined,
    state: 'succeeded',
    createdAt: '2026-11-21T01:00:00Z' as IsoTime,
    startedAt: '2026-11-21T01:00:00Z' as IsoTime,
    endedAt: '2026-11-21T01:00:05Z' as IsoTime,
    progress: undefined,
    rateBytesPerSecond: undefined,
    etaSeconds: undefined,
    phases: [],
    result: undefined,
    error: undefined,
    warningCount: 0,
    logCount: entries.length,
    ...end,
  }
  return {
    'jobs.get': async () => snapshot,
    async *'jobs.watch'() {
      yield snapshot
    },
    async *'jobs.follow-log'() {
      yield* entries
    },
  }
}

/** What names a catalog and an instance on the command line. */
export const ON_MAIN: readonly string[] = ['-B', '/srv/catalog', '--instance=main']

/** A handler that remembers what it was asked, and answers with `result`. */
export function recorder<Result>(result: Result) {
  const asked: unknown[] = []
  const handler = async (input: unknown): Promise<Result> => {
    asked.push(input)
    return result
  }
  return { asked, handler: handler as never }
}
