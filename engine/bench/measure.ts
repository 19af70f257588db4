import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

/** What one run of one thing took. What this system cannot tell is undefined. */
export type Measurement = {
  readonly wallSeconds: number
  /** User and system time of the command and everything it started and waited for; of no server. */
  readonly cpuSeconds: number | undefined
  /** Highest resident memory of its largest process. */
  readonly peakBytes: number | undefined
  /** Size of what it made. */
  readonly storedBytes: number | undefined
}

export type Command = {
  readonly words: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** How a command ended, and what it took. */
export type CommandEnd = Measurement & {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** A command that ended badly, with its own words as the message. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

// `times` is how a POSIX shell tells the time of its children; it is the only thing that costs a process more.
const TIMED = '"$@"; status=$?; times >&3; exit $status'
const LONGEST_COMMAND_MS = 3_600_000
/** Of a program that says nothing about an error, its last lines. */
const TOLD_LINES = 4
const POLL_MS = 20
const PATIENCE_AFTER_TERM_MS = 10_000

/**
 * Runs a command in a process group of its own, so that Ctrl-C reaches it only through the signal: it is asked to end,
 * later made to. Resolves whatever its status; rejects when it was stopped.
 */
export async function measureCommand(command: Command, signal: AbortSignal): Promise<CommandEnd> {
  signal.throwIfAborted()
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_COMMAND_MS)])
  const started = performance.now()
  const child = spawn('sh', ['-c', TIMED, 'sh', ...command.words], {
    cwd: command.cwd,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', ...command.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const texts = [child.stdout, child.stderr, child.stdio[3]].map((stream) => {
    const chunks: Buffer[] = []
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
    return () => Buffer.concat(chunks).toString()
  })
  let peakBytes: number | undefined
  const poll = setInterval(() => {
    if (child.pid !== undefined) peakBytes = largest(peakBytes, peakOfTree(child.pid))
  }, POLL_MS)
  let force: NodeJS.Timeout | undefined
  const stop = (): void => {
    killGroup(child.pid, 'SIGTERM')
    force = setTimeout(() => killGroup(child.pid, 'SIGKILL'), PATIENCE_AFTER_TERM_MS)
  }
  limit.addEventListener('abort', stop, { once: true })
  try {
    const [status, wallSeconds] = await new Promise<[number, number]>((resolve, reject) => {
      let endedMs = 0
      child.on('error', reject)
      child.on('exit', () => (endedMs = performance.now()))
      child.on('close', (code) => resolve([code ?? 1, (endedMs - started) / 1000]))
    })
    limit.throwIfAborted()
    const [out = '', err = '', times = ''] = texts.map((text) => text())
    return {
      wallSeconds,
      cpuSeconds: parseTimes(times),
      peakBytes,
      storedBytes: undefined,
      status,
      out,
      err,
    }
  } finally {
    clearInterval(poll)
    clearTimeout(force)
    limit.removeEventListener('abort', stop)
  }
}

/** As {@link measureCommand}, for a command that has to succeed. @throws {CommandFailed} */
export async function requireCommand(command: Command, signal: AbortSignal): Promise<CommandEnd> {
  const end = await measureCommand(command, signal)
  if (end.status === 0) return end
  const lines = (end.err.trim() || end.out.trim()).split('\n')
  const told = lines.filter((line) => /\b(ERROR|HINT):/i.test(line))
  const words = (told.length > 0 ? told : lines.slice(-TOLD_LINES)).join(' ')
  throw new CommandFailed(words === '' ? `${command.words[0]} ended with status ${end.status}` : words)
}

/** Seconds of the second line that `times` prints, `0m1.25s 0m0.50s`: user and system time of the children. */
export function parseTimes(text: string): number | undefined {
  const children = text.split('\n')[1]
  if (children === undefined) return undefined
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)]
  if (parts.length !== 2) return undefined
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0)
}

/** The high-water mark in `/proc/PID/status`; undefined for a process that has no memory any more. */
export function parsePeak(status: string): number | undefined {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(status)
  return found === null ? undefined : Number(found[1]) * 1024
}

/** Sizes of all files below a path, added up, or of the file itself. Links count as links. */
export async function sizeOf(at: string): Promise<number> {
  const stats = await lstat(at)
  if (!stats.isDirectory()) return stats.size
  let size = 0
  for (const name of await readdir(at)) size += await sizeOf(path.join(at, name))
  return size
}

/**
 * The highest peak in a tree of processes. The kernel keeps the mark, so only what grows after the last look is missed.
 * Unlike the peak that `wait4` gives it does not begin with the memory of the process that forked.
 */
function peakOfTree(pid: number): number | undefined {
  try {
    let peak = parsePeak(readFileSync(`/proc/${pid}/status`, 'utf8'))
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      for (const child of children.split(' ').filter(Boolean)) peak = largest(peak, peakOfTree(Number(child)))
    }
    return peak
  } catch {
    // It has ended, or this system has no /proc.
    return undefined
  }
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It ended meanwhile.
  }
}
