import type { EngineClient } from '../api/contract/contract.ts'
import type { ConfigEntry } from '../api/contract/instances.ts'
import { EngineError, isCancelled } from '../base/engine-error.ts'
import { type CommandLine, formatCommandLine, parseCommandLine, requireCommand } from './command-line.ts'
import { COMMAND_NAMES, type CommandName } from './command-list.ts'
import { type ArchivingCommand, type Command, type Context, EXIT } from './context.ts'
import { failureStatus } from './failure-status.ts'
import { Given } from './given.ts'
import { formatCommandHelp, formatHelp } from './help.ts'
import { LogOutput } from './log-output.ts'
import { resolveLogSettings } from './log-settings.ts'
import { optionsOf } from './options.ts'
import { Terminal } from './terminal.ts'
import type { World } from './world.ts'

type CalledByServer = 'archive-push' | 'archive-get'
type Verb = Exclude<CommandName, 'help' | 'version'>

/** Loaded when they are called: help and version wait for none of them. */
const COMMANDS: Readonly<Record<Exclude<Verb, CalledByServer>, () => Promise<Command>>> = {
  init: async () => (await import('./commands/init.ts')).init,
  'add-instance': async () => (await import('./commands/instance.ts')).addInstance,
  'del-instance': async () => (await import('./commands/instance.ts')).delInstance,
  'set-config': async () => (await import('./commands/config.ts')).setConfig,
  'show-config': async () => (await import('./commands/config.ts')).showConfig,
  'set-backup': async () => (await import('./commands/set-backup.ts')).setBackup,
  show: async () => (await import('./commands/show.ts')).show,
  find: async () => (await import('./commands/find.ts')).find,
  window: async () => (await import('./commands/window.ts')).window,
  backup: async () => (await import('./commands/backup.ts')).backup,
  restore: async () => (await import('./commands/restore.ts')).restore,
  'after-restore': async () => (await import('./commands/after-restore.ts')).afterRestore,
  validate: async () => (await import('./commands/validate.ts')).validate,
  drill: async () => (await import('./commands/drill.ts')).drill,
  merge: async () => (await import('./commands/merge.ts')).merge,
  delete: async () => (await import('./commands/delete.ts')).deleteBackups,
  'receive-wal': async () => (await import('./commands/receive-wal.ts')).receiveWal,
  slots: async () => (await import('./commands/slots.ts')).slots,
}

const ARCHIVING: Readonly<Record<CalledByServer, () => Promise<ArchivingCommand>>> = {
  'archive-push': async () => (await import('./commands/archiving.ts')).archivePush,
  'archive-get': async () => (await import('./commands/archiving.ts')).archiveGet,
}

/** Commands that put the command line into the log file. */
const LOGS_ITSELF: readonly CommandName[] = [
  'backup',
  'restore',
  'validate',
  'drill',
  'merge',
  'delete',
  'receive-wal',
  'slots',
  'set-config',
  'set-backup',
]

/** Runs one command line and gives its exit status. Never throws: what goes wrong is told on standard error. */
export async function runCommandLine(argv: readonly string[], world: World): Promise<number> {
  const terminal = new Terminal({
    isInteractive: world.isErrTerminal,
    columns: world.errColumns,
    write: (text) => world.writeErr(text),
  })
  using log = new LogOutput({
    clock: world.clock,
    pid: world.pid,
    command: COMMAND_NAMES.find((name) => name === argv[0]),
    isColored: world.isErrTerminal,
    print: (line) => terminal.print(line),
  })
  try {
    const line = parseCommandLine(argv)
    return printText(line, world) ?? (await runVerb(line, world, log, terminal))
  } catch (thrown) {
    terminal.clearFoot()
    if (isCancelled(thrown)) log.warning('cancelled')
    else log.failure(thrown)
    return failureStatus(argv[0], thrown, world)
  }
}

/** Help and version, which need no engine. */
function printText(line: CommandLine, world: World): number | undefined {
  const { command, words, options } = line
  if (options['help'] === true) world.writeOut(formatCommandHelp(command))
  else if (command === 'version') world.writeOut(`tidemark ${world.version} (${world.platform})\n`)
  else if (command === 'help') {
    const [about] = words
    world.writeOut(about === undefined ? formatHelp() : formatCommandHelp(requireCommand(about)))
  } else return undefined
  return EXIT.success
}

async function runVerb(line: CommandLine, world: World, log: LogOutput, terminal: Terminal): Promise<number> {
  const verb = line.command as Verb
  const given = new Given(line, world.environment)
  if (given.has('no-color')) log.withoutColors()
  const catalog = given.requireCatalog()
  log.configure(resolveLogSettings(given, catalog, []))
  if (verb !== 'init' && verb !== 'show' && verb !== 'validate') given.requireInstance()

  using interrupts = watchInterrupts(world)
  const { signal } = interrupts
  await using opened = await openCommand(verb, world, log)

  const { client } = opened
  const hasSavedSettings = given.own('instance') !== undefined && verb !== 'add-instance'
  const saved: readonly ConfigEntry[] = hasSavedSettings
    ? await client['instances.config'](given.requireInstance(), { signal }).catch((thrown: unknown) => {
        // What is left of an instance that has none can be deleted.
        if (verb === 'del-instance' && thrown instanceof EngineError && thrown.code === 'instance.not-found')
          return []
        throw thrown
      })
    : []
  log.configure(resolveLogSettings(given, catalog, saved))
  if (LOGS_ITSELF.includes(verb)) log.fileOnly(`command: tidemark ${formatCommandLine(line).join(' ')}`)
  for (const { long, idleFor } of optionsOf(verb)) {
    if (idleFor?.includes(verb) === true && given.has(long) && !given.has('merge-expired'))
      log.info(`--${long} changes nothing for ${verb}`)
  }
  // Awaited here: what was opened above must stay open until the command has ended.
  return await opened.run({ given, log, terminal, world, signal })
}

/** A command with the engine that it speaks to. */
type Opened = AsyncDisposable & {
  readonly client: Pick<EngineClient, 'instances.config'>
  run(context: Omit<Context, 'client'>): Promise<number>
}

async function openCommand(verb: Verb, world: World, log: LogOutput): Promise<Opened> {
  if (verb === 'archive-push' || verb === 'archive-get') {
    const [command, client] = await Promise.all([ARCHIVING[verb](), world.openArchiving(log)])
    return {
      client,
      run: (context) => command({ ...context, client }),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  const command = await COMMANDS[verb]()
  const session = await world.openSession(log)
  const { client } = session
  return {
    client,
    run: (context) => command({ ...context, client }),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

/** The first Ctrl-C fires the signal, the second one ends the process at once. */
function watchInterrupts(world: World): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController()
  const watch = world.onInterrupt(() => {
    if (stop.signal.aborted) world.exitNow(EXIT.cancelled)
    stop.abort(new EngineError('run.cancelled', 'interrupted by the user'))
  })
  return { signal: stop.signal, [Symbol.dispose]: () => watch[Symbol.dispose]() }
}
