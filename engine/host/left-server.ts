import { execFile } from 'node:child_process'
import { readFile, readlink, realpath, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { delay } from '../base/concurrency.ts'
import { readPostmasterPid } from './postmaster-pid.ts'
import { isProcessAlive } from './process.ts'

/** The `cluster_name` of every scratch server, given on its command line: no other server has it there. */
export const SCRATCH_CLUSTER_NAME = 'tidemark scratch'

const STOP_MS = 10_000
const POLL_MS = 100
const LOOK_MS = 5000

/**
 * Ends the scratch server that a killed process left running on a data directory, and removes its private directory. It
 * is ended only when `postmaster.pid` names the directory and the process of that number was started by us on it: its
 * command line says so, and where the system tells, its working directory.
 *
 * @throws when another server runs there, when that cannot be told, or when it does not end; nothing is changed but that
 * it may have been told to end
 */
export async function endLeftServer(dataDirectory: string): Promise<void> {
  const found = await readPostmasterPid(dataDirectory)
  if (found === undefined || found.pid <= 1) return
  const { pid, socketDirectory } = found
  if (isProcessAlive(pid) === 'gone') return await removeSocket(socketDirectory)
  const runner = await whoRuns(pid, dataDirectory)
  if (runner === 'somebody-else') return
  if (runner === 'unknown' || found.dataDirectory !== dataDirectory)
    throw new Error(`the process ${pid} may be a server on "${dataDirectory}" that is not ours`)
  for (const [signal, limitMs] of [
    ['SIGQUIT', STOP_MS],
    ['SIGKILL', STOP_MS],
  ] as const) {
    process.kill(pid, signal)
    for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
      if (isProcessAlive(pid) === 'gone') return await removeSocket(socketDirectory)
      await delay(POLL_MS, new AbortController().signal)
    }
  }
  throw new Error(`the server ${pid} does not end`)
}

/**
 * Numbers of processes are given again. `somebody-else`: a program that has nothing to do with this directory; `unknown`:
 * one that may have, and is not a scratch server.
 */
async function whoRuns(pid: number, dataDirectory: string): Promise<'ours' | 'somebody-else' | 'unknown'> {
  const command = await commandOf(pid)
  if (command === undefined) return 'unknown'
  const at = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  const isThere = at === undefined || at === (await realpath(dataDirectory))
  const isStartedOnIt = command.includes(` -D ${dataDirectory} -c `)
  if (isThere && isStartedOnIt && command.includes(`cluster_name=${SCRATCH_CLUSTER_NAME}`)) return 'ours'
  const mayBeOnIt = at === undefined ? command.includes('postgres') : isThere
  return mayBeOnIt || command.includes(dataDirectory) ? 'unknown' : 'somebody-else'
}

/** Its words, joined by spaces; undefined where the system does not tell. */
async function commandOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  try {
    if (process.platform === 'linux') {
      const text = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
      return text === '' ? undefined : text
    }
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'args=', '-p', String(pid)], {
      timeout: LOOK_MS,
    })
    return stdout.trim()
  } catch {
    return undefined
  }
}

/** The private directory of a scratch server, which ended without clearing up. */
async function removeSocket(directory: string): Promise<void> {
  const isOurs =
    path.basename(directory).startsWith('tidemark-') &&
    [os.tmpdir(), '/tmp'].includes(path.dirname(directory))
  if (isOurs) await rm(directory, { recursive: true, force: true })
}
