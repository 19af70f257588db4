import { readFileSync, unlinkSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import os from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { renameIfFree } from '../host/durable-file.ts'
import { isMissing } from '../host/file-error.ts'
import { isProcessAlive } from '../host/process.ts'
import { readSmallFile } from '../host/small-file.ts'

// Lock files of our own that name their owner so that no later process is taken for it.

/** The process that a lock file names. */
export type FileOwner = {
  readonly pid: number
  readonly host: string
  /** Of this machine, by what tells it from a later process with the same number; undefined where the system has none. */
  readonly birth: string | undefined
}

/** Every turn in which nothing was won somebody else has won. */
const MOST_TURNS = 50
const TURN_MS = 10

const NOBODY: FileOwner = { pid: 0, host: '', birth: undefined }

/**
 * Lock files of this process: that of another of its jobs is told from a leftover by this alone. Who claims a file enters it
 * here first, and takes it out when it is given up. The end of the process removes them.
 */
export const heldFiles = new Set<string>()

process.on('exit', () => {
  for (const file of heldFiles) {
    try {
      unlinkSync(file)
    } catch {
      // Gone already; what stays is seen to be stale by the next process.
    }
  }
})

/**
 * Makes the file ours, also one that a process left that died.
 *
 * @returns undefined once it is ours, else the process that has it
 */
export async function claimOwnerFile(file: string): Promise<FileOwner | undefined> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    if (await create(file)) return undefined
    const text = readText(file)
    if (text === undefined) continue
    const owner = ownerIn(text)
    if (owner !== undefined && isOwnerAlive(owner)) return owner
    await removeLeftover(file, text)
  }
  return readOwner(file) ?? NOBODY
}

/**
 * Removes a lock file that says `text`, of a process that died. Of several who want that only one looks at a time: the next
 * one would remove the lock that the first has taken meanwhile. One who dies here is taken for a leftover himself.
 */
export async function removeLeftover(file: string, text: string): Promise<void> {
  const turn = takeoverFile(file)
  if (!(await create(turn))) {
    const other = readText(turn)
    const owner = other === undefined ? undefined : ownerIn(other)
    if (other !== undefined && (owner === undefined || !isOwnerAlive(owner))) await removeOwnerFile(turn)
    await setTimeout(TURN_MS)
    return
  }
  try {
    if (readText(file) === text) await removeOwnerFile(file)
  } finally {
    await removeOwnerFile(turn)
  }
}

/** Whoever has that may remove a leftover lock file. */
export function takeoverFile(file: string): string {
  return `${file}.takeover`
}

/** Gives the file up; the caller has it. */
export async function removeOwnerFile(file: string): Promise<void> {
  await unlink(file).catch(ignoreMissing)
}

/** Whether the lock is ours now. The file has its content from the first moment on. */
async function create(file: string): Promise<boolean> {
  const draft = `${file}.${process.pid}`
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      await handle.writeFile(`${process.pid}\n${os.hostname()}\n${birthOf(process.pid) ?? ''}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    return await renameIfFree(draft, file)
  } finally {
    await unlink(draft).catch(ignoreMissing)
  }
}

/** Who the file names; undefined when it is not there, or says nothing. */
export function readOwner(file: string): FileOwner | undefined {
  const text = readText(file)
  return text === undefined ? undefined : ownerIn(text)
}

function ownerIn(text: string): FileOwner | undefined {
  const [pid, host = '', birth = ''] = text.split('\n')
  if (!/^\d+$/.test(pid ?? '') || Number(pid) === 0) return undefined
  return { pid: Number(pid), host, birth: birth === '' ? undefined : birth }
}

function readText(file: string): string | undefined {
  try {
    return readSmallFile(file)
  } catch (thrown) {
    ignoreMissing(thrown)
    return undefined
  }
}

/** A process of another machine cannot be seen: it counts as alive until somebody removes its file. */
export function isOwnerAlive({ pid, host, birth }: FileOwner): boolean {
  if (host !== os.hostname()) return true
  if (pid === process.pid) return false
  if (isProcessAlive(pid) === 'gone') return false
  // After a restart of the machine the number may be somebody else's.
  return birth === undefined || birth === birthOf(pid)
}

/** This process, as others are to know it. */
export function thisProcess(): FileOwner {
  return { pid: process.pid, host: os.hostname(), birth: birthOf(process.pid) }
}

/**
 * What no two processes of a machine share: its boot and the tick at which it was started, where the system tells them.
 * Source: Linux `proc_pid_stat(5)`, field 22, counted behind the name, which may hold anything.
 */
function birthOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${boot} ${ticks}`
  } catch {
    return undefined
  }
}

function ignoreMissing(thrown: unknown): void {
  if (!isMissing(thrown)) throw thrown
}
