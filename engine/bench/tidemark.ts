import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { BenchCluster } from './cluster.ts'
import {
  type Command,
  type CommandEnd,
  CommandFailed,
  type Measurement,
  requireCommand,
  sizeOf,
} from './measure.ts'

const PROJECT = path.join(import.meta.dirname, '..', '..')
const PROGRAM = path.join(PROJECT, 'dist', 'cli', 'tidemark.js')
const WORKERS = '2'
const INSTANCE = 'main'
/** Identifiers are made of whole seconds: a backup that begins in the second of another would have to wait. */
const ID_STEP_MS = 1100

export type ListedBackup = { readonly id: string; readonly status: string }

/** The command line in processes of its own, on a catalog made for the run. */
export type Tidemark = {
  readonly catalog: string
  /** A command with the catalog, or another one, and the instance filled in. */
  command(words: readonly string[], catalog?: string): Command
  run(words: readonly string[], signal: AbortSignal, catalog?: string): Promise<CommandEnd>
  /** Takes a backup with two workers, unvalidated, as one that is measured. @throws CommandFailed */
  backup(
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly id: string; readonly measured: Measurement }>
  list(signal: AbortSignal, catalog?: string): Promise<readonly ListedBackup[]>
  /** Deletes every backup but these, complete or not. */
  keepOnly(ids: ReadonlySet<string>, signal: AbortSignal): Promise<void>
  /** What the program says about a command; undefined when it does not know the command. */
  help(command: string, signal: AbortSignal): Promise<string | undefined>
}

/** Builds the program that is measured: the one that would be installed, from the sources as they are. */
export async function buildTidemark(signal: AbortSignal): Promise<void> {
  await requireCommand({ words: ['npm', 'run', '--silent', 'build:cli'], cwd: PROJECT }, signal)
}

/** Makes a catalog with the cluster as its one instance. */
export async function openTidemark(
  catalog: string,
  cluster: BenchCluster,
  signal: AbortSignal,
): Promise<Tidemark> {
  const { port, dataDirectory } = cluster.server
  const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', 'postgres', '-w']
  const start = (words: readonly string[]): Command => ({
    words: [process.execPath, PROGRAM, ...words],
    env: cluster.env,
  })
  const command = ([verb = '', ...words]: readonly string[], at = catalog): Command =>
    start([verb, '-B', at, `--instance=${INSTANCE}`, ...words])
  const run = (words: readonly string[], stop: AbortSignal, at?: string) =>
    requireCommand(command(words, at), stop)
  const list = async (stop: AbortSignal, at?: string): Promise<readonly ListedBackup[]> => {
    const { out } = await run(['show', '--format=json'], stop, at)
    const [instance] = JSON.parse(out) as { backups: ListedBackup[] }[]
    return instance?.backups ?? []
  }
  let nextStartMs = 0

  await requireCommand(start(['init', '-B', catalog]), signal)
  await run(['add-instance', '-D', dataDirectory, ...connection], signal)
  return {
    catalog,
    command,
    run,
    list,
    async backup(words, stop) {
      await setTimeout(Math.max(0, nextStartMs - performance.now()), undefined, { signal: stop })
      const before = new Set((await list(stop)).map(({ id }) => id))
      nextStartMs = performance.now() + ID_STEP_MS
      const all = ['backup', ...words, '-j', WORKERS, '--no-validate', ...connection]
      const end = await run(all, stop)
      const made = (await list(stop)).find(({ id }) => !before.has(id))
      if (made === undefined) throw new Error('a backup that succeeded is not in the catalog')
      const storedBytes = await sizeOf(path.join(catalog, 'backups', INSTANCE, made.id))
      return { id: made.id, measured: { ...end, storedBytes } }
    },
    async keepOnly(ids, stop) {
      // Newest first, so that no increment goes before it is called for.
      for (const { id } of await list(stop)) if (!ids.has(id)) await run(['delete', '-i', id], stop)
    },
    async help(verb, stop) {
      try {
        return (await requireCommand(start(['help', verb]), stop)).out
      } catch (thrown) {
        if (thrown instanceof CommandFailed) return undefined
        throw thrown
      }
    },
  }
}

/** Whether the help of `backup` names a compression algorithm where it says which there are. */
export function knowsCompression(help: string, algorithm: string): boolean {
  const from = help.search(/^ +--compress-algorithm=/m)
  if (from === -1) return false
  const next = help.slice(from).search(/\n\s*\n|\n +(-\w, )?--/)
  const about = next === -1 ? help.slice(from) : help.slice(from, from + next)
  return new RegExp(`\\b${algorithm}\\b`).test(about)
}
