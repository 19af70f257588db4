import type { archiving } from './contract/archiving.ts'
import type { EngineHandlers } from './contract/contract.ts'
import type { instances } from './contract/instances.ts'
import type { Client } from './define.ts'
import { type ArchivingContext, archivingHandlers, configHandler } from './handlers/archiving.ts'
import { isPlainInput } from './plain-input.ts'

/** The part of the contract that a server's `archive_command` and `restore_command` need. */
type ArchivingContract = typeof archiving & Pick<typeof instances, 'instances.config'>

export type ArchivingClient = Client<ArchivingContract>

/**
 * That part of the engine alone. A server starts a process for every segment and waits for it: this one needs neither
 * jobs nor connections. Schemas are loaded for input that is out of the ordinary, and then refuse or parse it.
 */
export function openArchivingEngine(context: ArchivingContext): ArchivingClient {
  const handlers: Pick<EngineHandlers, keyof ArchivingContract> = {
    ...archivingHandlers(context),
    ...configHandler(context),
  }
  const ask = <Name extends keyof ArchivingContract>(name: Name): ArchivingClient[Name] => {
    const call = async (
      input: unknown,
      { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
    ): Promise<unknown> => {
      const parsed = isPlainInput(name, input)
        ? input
        : (await import('./archiving-input.ts')).parseArchivingInput(name, input)
      return await (handlers[name] as AnyHandler)(parsed, { signal })
    }
    return call as ArchivingClient[Name]
  }
  return {
    'archiving.push': ask('archiving.push'),
    'archiving.get': ask('archiving.get'),
    'instances.config': ask('instances.config'),
  }
}

type AnyHandler = (input: unknown, call: { readonly signal: AbortSignal }) => Promise<unknown>
