import type { Client, Contract, Handlers } from './define.ts'
import { parseInput } from './serve.ts'

type Call = { signal?: AbortSignal }
type AnyHandler = (input: unknown, call: { signal: AbortSignal }) => Promise<unknown> | AsyncIterable<unknown>

/**
 * The handlers as a client without a port between, for the command line and for tests, which live in the engine's
 * process. Input is parsed all the same, so a call is refused here exactly when it would be refused over a port.
 * A bad input of a stream is told when the stream is first read, as over a port.
 */
export function localClient<C extends Contract>(contract: C, handlers: Handlers<C>): Client<C> {
  const entries = Object.entries(contract).map(([name, { kind }]) => {
    const handler = handlers[name] as AnyHandler
    return [name, kind === 'stream' ? follow(name, handler) : ask(name, handler)]
  })
  return Object.fromEntries(entries) as Client<C>

  function ask(name: string, handler: AnyHandler) {
    return async (input: unknown, { signal }: Call = {}): Promise<unknown> =>
      handler(parseInput(contract, name, input), { signal: signal ?? new AbortController().signal })
  }

  function follow(name: string, handler: AnyHandler) {
    return async function* (input: unknown, { signal }: Call = {}): AsyncIterable<unknown> {
      const stop = new AbortController()
      const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
      try {
        yield* handler(parseInput(contract, name, input), { signal: either }) as AsyncIterable<unknown>
      } finally {
        stop.abort()
      }
    }
  }
}
