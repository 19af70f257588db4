import { VERSION } from '../api/version.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { askPassword } from './ask-password.ts'
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
    workingDirectory: process.cwd(),
    clock: SYSTEM_CLOCK,
    pid: process.pid,
    version: VERSION,
    platform: `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    writeOut: (text) => void process.stdout.write(text),
    writeErr: (text) => void process.stderr.write(text),
    isOutTerminal: process.stdout.isTTY === true,
    isErrTerminal: process.stderr.isTTY === true,
    errColumns: process.stderr.columns ?? 80,
    askPassword:
      process.stdin.isTTY === true
        ? (prompt, signal) => askPassword({ keyboard: process.stdin, screen: process.stderr }, prompt, signal)
        : undefined,
    onInterrupt(listener) {
      process.on('SIGINT', listener).on('SIGTERM', listener)
      return {
        [Symbol.dispose]: () => void process.off('SIGINT', listener).off('SIGTERM', listener),
      }
    },
    exitNow: (status) => process.exit(status),
    openSession: async (log) => (await import('./session.ts')).openSession(process.env, log),
    openArchiving: async (log) => {
      const { openArchivingEngine } = await import('../api/archiving-engine.ts')
      return openArchivingEngine({ env: process.env, log, clock: SYSTEM_CLOCK })
    },
  }
}
