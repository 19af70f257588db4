import { archiving } from './contract/archiving.ts'
import type { EngineHandlers } from './contract/contract.ts'
import { instances } from './contract/instances.ts'
import type { Client } from './define.ts'
import { type ArchivingContext, archivingHandlers, configHandler } from './handlers/archiving.ts'
import { localClient } from './local.ts'

/** The part of the contract that a server's `archive_command` and `restore_command` need. */
const contract = { ...archiving, 'instances.config': instances['instances.config'] }

export type ArchivingClient = Client<typeof contract>

/**
 * That part of the engine alone. A server starts a process for every segment and waits for it: this one needs neither
 * jobs nor connections, and starts in half the time.
 */
export function openArchivingEngine(context: ArchivingContext): ArchivingClient {
  const handlers: Pick<EngineHandlers, keyof typeof contract> = {
    ...archivingHandlers(context),
    ...configHandler(context),
  }
  return localClient(contract, handlers)
}
