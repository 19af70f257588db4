import type { MessagePort } from 'node:worker_threads'
import type { SecretStore } from '../engine/api/secrets.ts'
import { EngineError } from '../engine/base/engine-error.ts'
import type { SecretAnswer, SecretQuestion } from './thread-messages.ts'

/** Answers the engine's thread from `store`. Values cross a channel within the process, never a pipe or a file. */
export function serveSecrets(store: SecretStore, port: MessagePort): void {
  port.on('message', (question: SecretQuestion) => {
    void answer(store, question).then((answered) => port.postMessage(answered))
  })
}

/** The store as the engine's thread sees it. When main is gone, waiting calls reject with `engine.gone`. */
export function linkedSecretStore(kind: SecretStore['kind'], port: MessagePort): SecretStore {
  const waiting = new Map<number, PromiseWithResolvers<string | undefined>>()
  let lastId = 0

  port.on('message', (answered: SecretAnswer) => {
    const call = waiting.get(answered.id)
    waiting.delete(answered.id)
    if ('failed' in answered) call?.reject(new EngineError('process.failed', answered.failed))
    else call?.resolve(answered.value)
  })
  port.once('close', () => {
    for (const { reject } of waiting.values()) reject(new EngineError('engine.gone', 'the keyring is gone'))
    waiting.clear()
  })

  const ask = (question: Omit<SecretQuestion, 'id'>): Promise<string | undefined> => {
    const call = Promise.withResolvers<string | undefined>()
    const id = ++lastId
    waiting.set(id, call)
    port.postMessage({ id, ...question } satisfies SecretQuestion)
    return call.promise
  }
  return {
    kind,
    read: (name) => ask({ verb: 'read', name }),
    write: async (name, value) => void (await ask({ verb: 'write', name, value })),
    remove: async (name) => void (await ask({ verb: 'remove', name })),
  }
}

async function answer(store: SecretStore, { id, verb, name, value }: SecretQuestion): Promise<SecretAnswer> {
  try {
    switch (verb) {
      case 'read':
        return { id, value: await store.read(name) }
      case 'write':
        await store.write(name, value ?? '')
        return { id, value: undefined }
      case 'remove':
        await store.remove(name)
        return { id, value: undefined }
    }
  } catch (thrown) {
    return { id, failed: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}
