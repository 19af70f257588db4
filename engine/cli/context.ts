import type { ArchivingClient } from '../api/archiving-engine.ts'
import type { EngineClient } from '../api/contract/contract.ts'
import type { Given } from './given.ts'
import type { LogOutput } from './log-output.ts'
import type { Terminal } from './terminal.ts'
import type { World } from './world.ts'

/** What a command is run with. */
export type Context = {
  readonly given: Given
  readonly client: EngineClient
  readonly log: LogOutput
  readonly terminal: Terminal
  readonly world: World
  /** Fires at the first Ctrl-C. */
  readonly signal: AbortSignal
}

/** A command: does its work and gives the exit status. Failures are thrown. */
export type Command = (context: Context) => Promise<number>

/** A command that a server calls for every segment, with the few procedures that it needs. */
export type ArchivingCommand = (
  context: Omit<Context, 'client'> & { readonly client: ArchivingClient },
) => Promise<number>

/**
 * Exit statuses. Source: `catalog-format.md` section 16.2; 130 is the shell's word for Ctrl-C. With the last one a server
 * gives up its recovery.
 */
export const EXIT = { success: 0, failure: 1, cancelled: 130, stopsRecovery: 255 } as const
