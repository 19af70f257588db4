import { spawn } from 'node:child_process'
import path from 'node:path'

/** Nothing that a test waits for takes nearly as long. */
const LONGEST_SILENCE_MS = 120_000
const CLI = path.join(import.meta.dirname, '..', 'cli', 'main.ts')
const SIGNAL_ITSELF = new URL('./signal-itself.ts', import.meta.url).href

/** How a command line ended: with a status, or by a signal. */
export type CliEnd = {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** A command line in a process of its own. Disposing kills it, should it still run. */
export type CliProcess = AsyncDisposable & {
  /** Resolves as soon as `text` stands on standard error; rejects when the program ends, or two minutes, without it. */
  says(text: string): Promise<void>
  kill(signal: 'SIGKILL' | 'SIGINT'): void
  readonly ended: Promise<CliEnd>
}

/** A signal that reaches a program at the very moment at which it has said a text on standard error. */
export type SignalAt = { readonly text: string; readonly signal: 'SIGKILL' | 'SIGINT' }

/** Starts the program with nothing of this process's environment but `PATH`. */
export function startCli(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  signalAt?: SignalAt,
): CliProcess {
  const first = signalAt === undefined ? [] : ['--import', SIGNAL_ITSELF]
  const child = spawn(process.execPath, [...first, CLI, ...words], {
    env: {
      PATH: process.env['PATH'],
      ...(signalAt !== undefined && { TIDEMARK_SIGNAL_AT: signalAt.text, TIDEMARK_SIGNAL: signalAt.signal }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const look of waiting) look()
  }
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
    tell()
  })
  let hasEnded = false
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      hasEnded = true
      resolve({ status, signal, out, err })
      tell()
    })
  })
  return {
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (err.includes(text)) resolve()
          else if (hasEnded) reject(new Error(`the program ended without saying "${text}": ${err}`))
          else return void waiting.add(look)
          clearTimeout(limit)
          waiting.delete(look)
        }
        const limit = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`the program has not said "${text}" within two minutes: ${err}`))
        }, LONGEST_SILENCE_MS)
        look()
      }),
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (!hasEnded) child.kill('SIGKILL')
      await ended
    },
  }
}
