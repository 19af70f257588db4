import { StringDecoder } from 'node:string_decoder'
import type { Readable, Writable } from 'node:stream'
import { EngineError } from '../base/engine-error.ts'

/** A keyboard that can be told not to show what is typed, as `process.stdin` is on a terminal. */
type Keyboard = Readable & { setRawMode(isRaw: boolean): unknown }

/**
 * Reads a line from a terminal without showing it. Backspace works. However it ends, the terminal shows what is typed again.
 *
 * @throws {EngineError} `run.cancelled` on Ctrl-C and Ctrl-D; the signal's reason when it fires.
 */
export function askPassword(
  { keyboard, screen }: { readonly keyboard: Keyboard; readonly screen: Writable },
  prompt: string,
  signal: AbortSignal,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const decoder = new StringDecoder('utf8')
  let typed: string[] = []
  const onData = (chunk: Buffer): void => {
    for (const letter of decoder.write(chunk)) {
      if (letter === '\r' || letter === '\n') return resolve(typed.join(''))
      if (letter === '\x03' || letter === '\x04') {
        return reject(new EngineError('run.cancelled', 'no password was given'))
      }
      typed = letter === '\x7f' || letter === '\b' ? typed.slice(0, -1) : [...typed, letter]
    }
  }
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  // First the silence, then the question: who answers at once must not be shown either.
  keyboard.setRawMode(true)
  keyboard.on('data', onData).resume()
  screen.write(prompt)
  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort)
    keyboard.off('data', onData).pause()
    keyboard.setRawMode(false)
    screen.write('\n')
  })
}
