import { fstatSync } from 'node:fs'
import { VERSION } from '../api/version.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { askPassword } from './ask-password.ts'
import { runCommandLine } from './run.ts'
import type { World } from './world.ts'

/** Runs a command line in this process. Gives the exit status; output has been handed to the system when it resolves. */
export async function main(argv: readonly string[]): Promise<number> {
  return runCommandLine(argv, processWorld())
}

/**
 * This process, its terminal and its engine. A stream is opened when it is first used: what a server calls for every
 * segment says nothing, and starts sooner without.
 */
function processWorld(): World {
  const [isInTerminal, isOutTerminal, isErrTerminal] = [
    isTerminal(0, () => process.stdin),
    isTerminal(1, () => process.stdout),
    isTerminal(2, () => process.stderr),
  ]
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    clock: SYSTEM_CLOCK,
    pid: process.pid,
    version: VERSION,
    platform: `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    writeOut: (text) => void leavingWithReader(process.stdout).write(text),
    writeErr: (text) => void leavingWithReader(process.stderr).write(text),
    isOutTerminal,
    isErrTerminal,
    errColumns: (isErrTerminal ? process.stderr.columns : undefined) ?? 80,
    askPassword: isInTerminal
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

function isTerminal(descriptor: number, stream: () => { readonly isTTY?: boolean }): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false
  } catch {
    // Not every console of Windows can be asked like that.
  }
  return stream().isTTY === true
}

const watched = new WeakSet<NodeJS.WriteStream>()

/** Ends the process when the reader has gone, as in "tidemark show | head": there is nobody left to tell. */
function leavingWithReader(output: NodeJS.WriteStream): NodeJS.WriteStream {
  if (watched.has(output)) return output
  watched.add(output)
  return output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}
