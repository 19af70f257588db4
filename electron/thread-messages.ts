import type { MessagePort } from 'node:worker_threads'
import type { Port } from '../engine/api/port.ts'

/** What the engine's thread is started with. */
export type ThreadData = {
  readonly stateDirectory: string
  readonly secretsKind: 'keyring' | 'memory'
  /** Speaks {@link SecretQuestion} and {@link SecretAnswer}. */
  readonly secretsPort: MessagePort
}

/** What main says to the thread: a further client, or to end. The thread answers an end by exiting;
 * a start that fails is its `error` event. */
export type ToThread = { readonly type: 'connect'; readonly port: MessagePort } | { readonly type: 'stop' }

/** The keyring is reached from the main process only. */
export type SecretQuestion = {
  readonly id: number
  readonly verb: 'read' | 'write' | 'remove'
  readonly name: string
  readonly value?: string
}
export type SecretAnswer =
  | { readonly id: number; readonly value: string | undefined }
  | { readonly id: number; readonly failed: string }

/** A message port of `node:worker_threads` as a {@link Port}. It also closes when the other thread ends. */
export function threadPort<Out, In>(port: MessagePort): Port<Out, In> {
  return {
    post: (message) => port.postMessage(message),
    listen: (onMessage) => void port.on('message', onMessage),
    onClose: (listener) => void port.once('close', listener),
    close: () => port.close(),
  }
}
