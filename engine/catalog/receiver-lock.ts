import { existsSync, readFileSync, realpathSync, unlinkSync } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { EngineError } from '../base/engine-error.ts'
import { renameIfFree } from '../host/durable-file.ts'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { isProcessAlive } from '../host/process.ts'
import { readSmallFile } from '../host/small-file.ts'
import { archiveDirectory } from './paths.ts'

/** Hidden, so that no tool of the family takes it for a file of the archive. */
const RECEIVER_LOCK = '.tidemark-receiver.pid'

/** Who receives WAL into an archive. */
export type ReceiverOwner = {
  readonly pid: number
  readonly host: string
  /** Of this machine, by what tells it from a later process with the same number; undefined where the system has none. */
  readonly birth: string | undefined
}

/** Two processes that take over the same leftover at once have both done so within this time. */
const TAKEOVER_MS = 100

/** Locks of this process, by file: another receiver of this process is told from a leftover by this alone. */
const held = new Set<string>()

process.on('exit', () => {
  for (const file of held) {
    try {
      unlinkSync(file)
    } catch {
      // Gone already; what stays is seen to be stale by the next process.
    }
  }
})

/**
 * Claims the archive of an instance for one receiver; disposing gives it back. What a process left that died is taken
 * over. Nothing is waited for: a receiver runs for months.
 *
 * @throws {EngineError} `catalog.locked` naming the owner; `storage.*`
 */
export async function lockReceiver(catalog: string, instance: string): Promise<AsyncDisposable> {
  const file = requireLockFile(catalog, instance)
  if (held.has(file)) throw locked(file, { pid: process.pid, host: os.hostname(), birth: undefined })
  held.add(file)
  try {
    if (!(await create(file))) await takeOver(file)
  } catch (thrown) {
    held.delete(file)
    throw mapFileError(thrown, file, 'create')
  }
  return {
    async [Symbol.asyncDispose]() {
      await unlink(file).catch(ignoreMissing)
      held.delete(file)
    },
  }
}

async function takeOver(file: string): Promise<void> {
  const left = readOwner(file)
  if (left !== undefined && isAlive(left)) throw locked(file, left)
  await unlink(file).catch(ignoreMissing)
  const isOurs = await create(file)
  // Whoever saw the leftover at the same time may remove our file for it; the last one to write it has the lock.
  await setTimeout(TAKEOVER_MS)
  const owner = readOwner(file)
  if (!isOurs || owner?.pid !== process.pid)
    throw locked(file, owner ?? { pid: 0, host: '', birth: undefined })
}

/** The living process that receives into the archive of an instance, if there is one. Takes nothing. */
export function findReceiver(catalog: string, instance: string): ReceiverOwner | undefined {
  if (!existsSync(archiveDirectory(catalog, instance))) return undefined
  const file = requireLockFile(catalog, instance)
  try {
    const owner = readOwner(file)
    return owner !== undefined && (held.has(file) || isAlive(owner)) ? owner : undefined
  } catch (thrown) {
    throw mapFileError(thrown, file, 'read')
  }
}

/** One name for one archive, whatever links lead to it. */
function requireLockFile(catalog: string, instance: string): string {
  const directory = archiveDirectory(catalog, instance)
  try {
    return path.join(realpathSync(directory), RECEIVER_LOCK)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'find')
  }
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

function readOwner(file: string): ReceiverOwner | undefined {
  try {
    const [pid, host = '', birth = ''] = readSmallFile(file).split('\n')
    if (!/^\d+$/.test(pid ?? '') || Number(pid) === 0) return undefined
    return { pid: Number(pid), host, birth: birth === '' ? undefined : birth }
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}

/** A process of another machine cannot be seen: it counts as alive until somebody removes its file. */
function isAlive({ pid, host, birth }: ReceiverOwner): boolean {
  if (host !== os.hostname()) return true
  if (pid === process.pid) return false
  if (isProcessAlive(pid) === 'gone') return false
  // After a restart of the machine the number may be somebody else's.
  return birth === undefined || birth === birthOf(pid)
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

function locked(file: string, { pid, host }: ReceiverOwner): EngineError {
  const where = host === os.hostname() ? '' : ` on ${host}`
  return new EngineError('catalog.locked', `process ${pid}${where} receives WAL into this archive already`, {
    hint:
      where === ''
        ? 'Stop that receiver first. If it hangs, end it; its lock is then taken over.'
        : `If nothing receives WAL on ${host} any more, remove "${file}".`,
    facts: { path: file, pid: String(pid), host },
  })
}

function ignoreMissing(thrown: unknown): void {
  if (!isMissing(thrown)) throw thrown
}
