import { EngineError, toWireError } from '../base/engine-error.ts'
import type { Contract, Handlers, Procedure } from './define.ts'
import type { EnginePort, ToEngine } from './port.ts'

type AnyHandler = (input: unknown, call: { signal: AbortSignal }) => Promise<unknown> | AsyncIterable<unknown>

/** More calls than this at once from one client are a runaway client, not a user. */
const MOST_CALLS_AT_ONCE = 256

/**
 * Answers the calls that arrive on `port` until it closes; then everything that still runs for it is stopped.
 * What arrives is not trusted: a message that is no call is dropped, input is parsed by the contract.
 */
export function serve<C extends Contract>(contract: C, handlers: Handlers<C>, port: EnginePort): void {
  const running = new Map<number, AbortController>()

  port.listen((message: ToEngine) => {
    if (!isMessage(message)) return
    if (message.type === 'stop') running.get(message.id)?.abort()
    else void answer(message.id, message.name, message.input)
  })
  port.onClose(() => {
    for (const stop of running.values()) stop.abort()
  })

  async function answer(id: number, name: string, input: unknown): Promise<void> {
    if (running.has(id)) return
    const stop = new AbortController()
    try {
      if (running.size >= MOST_CALLS_AT_ONCE) {
        throw new EngineError('plan.refused', `${running.size} calls are already waiting for an answer`)
      }
      running.set(id, stop)
      const result = invoke(name, input, stop.signal)
      if (isStream(result)) {
        for await (const value of result) {
          if (stop.signal.aborted) break
          port.post({ id, type: 'item', value })
        }
        port.post({ id, type: 'done' })
      } else {
        port.post({ id, type: 'done', value: await result })
      }
    } catch (thrown) {
      port.post({ id, type: 'failed', error: toWireError(thrown) })
    } finally {
      if (running.get(id) === stop) running.delete(id)
    }
  }

  function invoke(name: string, input: unknown, signal: AbortSignal): ReturnType<AnyHandler> {
    return (handlers[name] as AnyHandler)(parseInput(contract, name, input), { signal })
  }
}

/**
 * The handlers as a client without a port between: input is parsed all the same.
 * For the command line and for tests, which live in the engine's process.
 */
export function parseInput(contract: Contract, name: string, input: unknown): unknown {
  const procedure: Procedure | undefined = Object.hasOwn(contract, name) ? contract[name] : undefined
  if (procedure === undefined) {
    throw new EngineError('value.malformed', `the engine has no procedure "${name}"`)
  }
  const parsed = procedure.input.safeParse(input)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const where = issue?.path.join('.') ?? ''
    throw new EngineError('value.malformed', `bad input for ${name}: ${where} ${issue?.message ?? ''}`.trim())
  }
  return parsed.data
}

function isMessage(message: unknown): message is ToEngine {
  if (typeof message !== 'object' || message === null) return false
  const { id, type } = message as Record<string, unknown>
  return Number.isSafeInteger(id) && (type === 'call' || type === 'stop')
}

function isStream(result: Promise<unknown> | AsyncIterable<unknown>): result is AsyncIterable<unknown> {
  return Symbol.asyncIterator in result
}
