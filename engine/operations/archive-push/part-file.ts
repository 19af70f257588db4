import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { delay } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

/** How long a part file that is there already is watched, and how often it is looked at. */
export type PartPatience = { readonly totalMs: number; readonly betweenMs: number }

/** A new file beside its final name, which is also the lock on that name. */
export type PartFile = {
  readonly handle: FileHandle
  /** Whether the name still stands for this file: whoever takes it for stale puts another in its place. */
  isStillOurs(): Promise<boolean>
  /** Closes it, and removes it unless it has got its name or is another's by now. */
  discard(): Promise<void>
}

/**
 * Makes the file exclusively, mode 0600. One that is there already belongs to somebody who is writing it, or was left by
 * somebody who died: it is watched for `totalMs`, and replaced if it has not grown.
 * Source: `catalog-format.md` section 13.1.
 *
 * @throws {EngineError} `run.timeout` when somebody is writing it still; `storage.*`
 */
export async function claimPartFile(
  file: string,
  { totalMs, betweenMs }: PartPatience,
  { signal, log, clock }: Pick<Run, 'signal' | 'log' | 'clock'>,
): Promise<PartFile> {
  const deadlineMs = clock.nowMs() + totalMs
  let first: { readonly ino: bigint; readonly size: bigint } | undefined
  for (;;) {
    const made = await makeExclusively(file)
    if (made !== undefined) return made
    const found = await look(file)
    if (found === undefined) {
      signal.throwIfAborted()
      continue
    }
    if (first === undefined) {
      first = found
      log.log(`"${file}" is there already and is watched for ${Math.ceil(totalMs / 1000)} s`)
    }
    const hasGrown = found.ino !== first.ino || found.size > first.size
    const leftMs = deadlineMs - clock.nowMs()
    if (leftMs > 0) {
      await delay(Math.min(leftMs, betweenMs), signal)
      continue
    }
    if (hasGrown) {
      throw new EngineError('run.timeout', `another process is writing "${file}"`, {
        hint: 'Have only one server archive into an instance, or wait until the other one is done.',
      })
    }
    log.warning(`"${file}" was left behind by a process that died, and is replaced`)
    await rm(file, { force: true }).catch((thrown: unknown) => {
      throw mapFileError(thrown, file, 'remove')
    })
    const replaced = await makeExclusively(file)
    if (replaced !== undefined) return replaced
    throw new EngineError('run.timeout', `another process has begun to write "${file}"`, {
      hint: 'Have only one server archive into an instance.',
    })
  }
}

async function makeExclusively(file: string): Promise<PartFile | undefined> {
  let handle: FileHandle
  try {
    handle = await open(file, 'wx', 0o600)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return undefined
    throw mapFileError(thrown, file, 'create')
  }
  const isStillOurs = async (): Promise<boolean> => {
    const [own, there] = await Promise.all([handle.stat({ bigint: true }), look(file)])
    return own.ino === there?.ino
  }
  let isOpen = true
  return {
    handle,
    isStillOurs,
    async discard() {
      if (!isOpen) return
      isOpen = false
      try {
        if (await isStillOurs()) await rm(file, { force: true })
      } finally {
        await handle.close()
      }
    },
  }
}

async function look(file: string): Promise<{ readonly ino: bigint; readonly size: bigint } | undefined> {
  try {
    return await stat(file, { bigint: true })
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw mapFileError(thrown, file, 'read')
  }
}
