import type { WireError } from '../base/engine-error.ts'

/**
 * A two-way pipe of structured-cloneable messages: a message port, Electron's bridge, a WebSocket (through `wire.ts`),
 * or a pair in memory. `Out` is what this side posts, `In` what it hears.
 */
export interface Port<Out, In> {
  post(message: Out): void
  listen(onMessage: (message: In) => void): void
  /** Called once, when the other side is gone. */
  onClose(listener: () => void): void
  close(): void
}

export type EnginePort = Port<FromEngine, ToEngine>
export type ClientPort = Port<ToEngine, FromEngine>

export type ToEngine =
  | { readonly id: number; readonly type: 'call'; readonly name: string; readonly input: unknown }
  | { readonly id: number; readonly type: 'stop' }

export type FromEngine =
  | { readonly id: number; readonly type: 'item'; readonly value: unknown }
  | { readonly id: number; readonly type: 'done'; readonly value?: unknown }
  | { readonly id: number; readonly type: 'failed'; readonly error: WireError }
