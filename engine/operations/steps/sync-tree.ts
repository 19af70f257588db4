import { spawn } from 'node:child_process'
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { mapFileError } from '../../host/file-error.ts'

/** Syncing may take as long as the disk needs for what is still in memory; a disk that hangs is given up at last. */
const LONGEST_SYNC_MS = 60 * 60_000
const FILES_PER_SLICE = 64

/**
 * Makes everything below `directory` durable, names included.
 *
 * One `syncfs` by the system's `sync` program is much quicker than a call for each of ten thousand small files; where
 * that program is missing or does not know `-f`, every file and directory is synced by itself.
 *
 * @throws {EngineError} `storage.full`, `storage.failed`: nothing may be taken for durable then.
 */
export async function syncTree(directory: string, signal: AbortSignal): Promise<void> {
  if (process.platform === 'linux' && (await syncFileSystem(directory, signal))) return
  let count = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) syncOne(path.join(entry.parentPath, entry.name))
    if (++count % FILES_PER_SLICE === 0) {
      await new Promise(setImmediate)
      signal.throwIfAborted()
    }
  }
  syncOne(directory)
}

/** Whether `sync -f` did it. A write error that it meets is an exit status, and then the slow way finds the file. */
function syncFileSystem(directory: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('sync', ['-f', directory], { stdio: 'ignore', timeout: LONGEST_SYNC_MS, signal })
    child.on('error', (thrown) =>
      signal.aborted ? reject(signal.reason as Error) : resolve(thrown === undefined),
    )
    child.on('exit', (code) => resolve(code === 0))
  })
}

function syncOne(file: string): void {
  const isDirectoryUnsyncable = process.platform === 'win32'
  try {
    const descriptor = openSync(file, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (thrown) {
    if (isDirectoryUnsyncable) return
    throw mapFileError(thrown, file, 'sync')
  }
}
