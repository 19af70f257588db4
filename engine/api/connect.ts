import { fromWireError, type WireError } from '../base/engine-error.ts'
import type { Client, Contract } from './define.ts'
import type { ClientPort, FromEngine } from './port.ts'

const ENGINE_GONE: WireError = {
  code: 'engine.gone',
  message: 'the engine process ended',
  hint: 'Start Tidemark again; jobs that were running are listed as interrupted.',
}

type Call = { signal?: AbortSignal }

/**
 * A client that speaks `contract` over `port`.
 * When the port closes, every waiting call rejects with `engine.gone`, and so does every later one.
 */
export function connect<C extends Contract>(contract: C, port: ClientPort): Client<C> {
  const waiting = new Map<number, (message: FromEngine) => void>()
  let lastId = 0
  let isGone = false
  port.listen((message: FromEngine) => waiting.get(message.id)?.(message))

  port.onClose(() => {
    isGone = true
    for (const [id, deliver] of waiting) deliver({ id, type: 'failed', error: ENGINE_GONE })
  })

  const entries = Object.entries(contract).map(([name, { kind }]) => [
    name,
    kind === 'stream' ? follow(name) : ask(name),
  ])
  return Object.fromEntries(entries) as Client<C>

  function ask(name: string) {
    return (input: unknown, { signal }: Call = {}): Promise<unknown> => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const end = send(name, input, signal, (message) => {
        end(false)
        if (message.type === 'failed') reject(fromWireError(message.error))
        else resolve(message.type === 'done' ? message.value : undefined)
      })
      return promise
    }
  }

  function follow(name: string) {
    return async function* (input: unknown, { signal }: Call = {}): AsyncIterable<unknown> {
      const arrived: FromEngine[] = []
      let wake = Promise.withResolvers<void>()
      let hasEnded = false
      const end = send(name, input, signal, (message) => {
        arrived.push(message)
        wake.resolve()
      })
      try {
        for (;;) {
          for (const message of arrived.splice(0)) {
            hasEnded = message.type !== 'item'
            if (message.type === 'failed') throw fromWireError(message.error)
            if (message.type === 'done') return
            yield message.value
          }
          await wake.promise
          wake = Promise.withResolvers()
        }
      } finally {
        end(!hasEnded)
      }
    }
  }

  /** Sends a call. The function it gives ends the call; told `true` it stops the engine's side as well. */
  function send(
    name: string,
    input: unknown,
    signal: AbortSignal | undefined,
    onMessage: (message: FromEngine) => void,
  ): (isLeftEarly: boolean) => void {
    const id = ++lastId
    const stop = (): void => port.post({ id, type: 'stop' })
    waiting.set(id, onMessage)
    if (isGone) {
      queueMicrotask(() => waiting.get(id)?.({ id, type: 'failed', error: ENGINE_GONE }))
    } else {
      signal?.addEventListener('abort', stop, { once: true })
      port.post({ id, type: 'call', name, input })
      if (signal?.aborted) stop()
    }
    return (isLeftEarly) => {
      waiting.delete(id)
      signal?.removeEventListener('abort', stop)
      if (isLeftEarly && !isGone) stop()
    }
  }
}
