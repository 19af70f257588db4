import path from 'node:path'
import { delay } from '../base/concurrency.ts'
import { EngineError } from '../base/engine-error.ts'
import { mapFileError } from '../host/file-error.ts'
import { claimOwnerFile, heldFiles, removeOwnerFile } from './owner-file.ts'
import { instanceDirectory } from './paths.ts'

/** Hidden, so that no tool of the family takes it for a backup. */
const CONFIG_LOCK = '.tidemark-config.pid'

/** Saving settings takes milliseconds: who holds it for so long hangs, or is on a machine that cannot be asked. */
const PATIENCE_MS = 10_000
const BETWEEN_MS = 50

/**
 * Keeps other processes from saving settings of an instance, so that none takes back what another saves; disposing gives it
 * up. Waits for ten seconds at most; what a process left that died is taken over. The reference tools lock nothing here
 * (`do_set_config` of pg_probackup writes what it read when it started), so they can still lose what is saved meanwhile.
 *
 * @throws {EngineError} `catalog.locked` naming the owner; `storage.*`
 */
export async function lockConfig(
  catalog: string,
  instance: string,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const file = path.join(instanceDirectory(catalog, instance), CONFIG_LOCK)
  const deadlineMs = performance.now() + PATIENCE_MS
  for (;;) {
    signal.throwIfAborted()
    // Our own jobs take turns: to the file they are one process.
    if (!heldFiles.has(file)) {
      heldFiles.add(file)
      let isOurs = false
      try {
        const owner = await claimOwnerFile(file)
        isOurs = owner === undefined
        if (owner !== undefined && performance.now() > deadlineMs) throw locked(file, owner)
      } catch (thrown) {
        throw mapFileError(thrown, file, 'create')
      } finally {
        if (!isOurs) heldFiles.delete(file)
      }
      if (isOurs) break
    } else if (performance.now() > deadlineMs) throw locked(file, { pid: process.pid, host: '' })
    await delay(BETWEEN_MS, signal)
  }
  return {
    async [Symbol.asyncDispose]() {
      try {
        await removeOwnerFile(file)
      } finally {
        heldFiles.delete(file)
      }
    },
  }
}

function locked(file: string, { pid, host }: { readonly pid: number; readonly host: string }): EngineError {
  return new EngineError('catalog.locked', `process ${pid} is saving the settings of this instance`, {
    hint: `Try again. If nothing saves settings any more, remove "${file}".`,
    facts: { path: file, pid: String(pid), host },
  })
}
