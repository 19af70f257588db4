import { VERSION } from '../api/version.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { EngineError } from '../base/engine-error.ts'
import { runCommandLine } from './run.ts'
import type { World } from './world.ts'

/** Runs a command line in this process. Gives the exit status; output has been handed to the system when it resolves. */
export async function main(argv: readonly string[]): Promise<number> {
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error: NodeJS.ErrnoException) => {
      // The reader has gone, as in "tidemark show | head": there is nobody left to tell.
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
  return runCommandLine(argv, processWorld())
}

/** This process, its terminal and its engine. */
function processWorld(): World {
  return {
    environment: process.env,
    clock: SYSTEM_CLOCK,
    pid: process.pid,
    version: VERSION,
    platform: `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    writeOut: (text) => void process.stdout.write(text),
    writeErr: (text) => void process.stderr.write(text),
    isOutTerminal: process.stdout.isTTY === true,
    isErrTerminal: process.stderr.isTTY === true,
    errColumns: process.stderr.columns ?? 80,
    askPassword: process.stdin.isTTY === true ? askPassword : undefined,
    onInterrupt(listener) {
      process.on('SIGINT', listener).on('SIGTERM', listener)
      return {
        [Symbol.dispose]: () => void process.off('SIGINT', listener).off('SIGTERM', listener),
      }
    },
    exitNow: (status) => process.exit(status),
    openSession: async (log) => (await import('./session.ts')).openSession(process.env, log),
  }
}

/** Reads a line from the terminal without showing it. Backspace works; Ctrl-C cancels. */
function askPassword(prompt: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let typed = ''
  const onData = (chunk: Buffer): void => {
    for (const letter of chunk.toString('utf8')) {
      if (letter === '\r' || letter === '\n') return resolve(typed)
      if (letter === '\x03' || letter === '\x04') {
        return reject(new EngineError('run.cancelled', 'no password was given'))
      }
      typed = letter === '\x7f' || letter === '\b' ? Array.from(typed).slice(0, -1).join('') : typed + letter
    }
  }
  const onAbort = (): void => reject(signal.reason)
  stderr.write(prompt)
  stdin.setRawMode(true).resume().on('data', onData)
  signal.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    signal.removeEventListener('abort', onAbort)
    stdin.off('data', onData).setRawMode(false).pause()
    stderr.write('\n')
  })
}
