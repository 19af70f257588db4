import { EventEmitter } from 'node:events'
import { loud } from './loud.ts'

type Answer = (event: object, ...values: unknown[]) => unknown

const answers = new Map<string, Answer>()
const bus = new EventEmitter()

export const ipcMain = loud('ipcMain', {
  on(channel: string, listener: (...values: unknown[]) => void): void {
    bus.on(channel, listener)
  },
  handle(channel: string, answer: Answer): void {
    if (answers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    answers.set(channel, answer)
  },
})

/** Delivers what a page sent. A channel that nobody hears is a mistake in our channel names. */
export function deliver(channel: string, event: object, values: readonly unknown[]): void {
  if (!bus.emit(channel, event, ...values)) throw new Error(`nobody hears the channel '${channel}'`)
}

/** Answers what a page invoked, with the message that Electron gives a failure. */
export async function invoke(channel: string, event: object, values: readonly unknown[]): Promise<unknown> {
  const answer = answers.get(channel)
  if (answer === undefined) throw new Error(`No handler registered for '${channel}'`)
  try {
    return await answer(event, ...values)
  } catch (thrown) {
    throw new Error(`Error invoking remote method '${channel}': ${String(thrown)}`, { cause: thrown })
  }
}
