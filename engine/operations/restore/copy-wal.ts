import { chown, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { mapConcurrently } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { mapFileError } from '../../host/file-error.ts'
import { fetchFile } from '../steps/fetch-file.ts'
import type { Owner } from './prepare.ts'
import type { RestoreFacts, RestoreInput, WalSource } from './restore-facts.ts'
import { type WalCopy, walDirectoryName } from './wal-copy.ts'

/**
 * Copies the WAL of a plan into the restored cluster, unpacked and in full size, over what the backup had of it. What of a
 * segment is partial is filled up, unless the backup's own goes further. Each is marked as archived, as a server marks what
 * it was given: it does not archive it once more (PostgreSQL `xlogarchive.c`, `KeepFileRestoredFromArchive`). Not synced.
 * A failure leaves what was copied by then, and no half file under the name of a segment.
 *
 * @throws {EngineError} `wal.missing` for what is gone since it was planned, `wal.damaged`, `instance.identity-mismatch`,
 * unless the restore is forced; `storage.*`
 */
export async function copyWal(copy: WalCopy, { input, facts, owner, run }: CopyContext): Promise<void> {
  const { walSource, chain } = facts
  if (walSource === undefined) return
  const { segmentBytes } = walSource.archive
  const directory = path.join(input.dataDirectory, walDirectoryName(chain))
  const marks = path.join(directory, 'archive_status')
  await makeDirectory(marks, owner)
  const names = [...copy.histories, ...copy.segments]
  const current = new Set<string>()
  let doneFiles = 0
  const report = (): void =>
    run.report({
      phase: 'copy-wal',
      doneBytes: Math.max(0, doneFiles - copy.histories.length) * segmentBytes,
      totalBytes: copy.segments.length * segmentBytes,
      doneFiles,
      totalFiles: names.length,
      currentFiles: [...current].slice(0, MOST_SHOWN),
    })
  const systemIdentifier = facts.systemIdentifier === undefined ? undefined : BigInt(facts.systemIdentifier)
  const place = { walSource, systemIdentifier, directory, marks, owner }
  await mapConcurrently(
    names,
    input.threads,
    async (name) => {
      current.add(name)
      report()
      try {
        await copyFile(name, place, run.signal)
      } catch (thrown) {
        if (!input.isForced || !isFaultOfArchive(thrown)) throw thrown
        run.log.warning(`${name} is not copied, as was forced: ${thrown.message}`)
      }
      current.delete(name)
      doneFiles++
      report()
    },
    run.signal,
  )
}

type CopyContext = {
  readonly input: RestoreInput
  readonly facts: RestoreFacts
  readonly owner: Owner
  readonly run: Run
}

const MOST_SHOWN = 8

type Place = {
  readonly walSource: WalSource
  readonly systemIdentifier: bigint | undefined
  readonly directory: string
  readonly marks: string
  readonly owner: Owner
}

/** Under another name first: what the backup has of a segment stays unless the archive has more. */
async function copyFile(
  name: string,
  { walSource, systemIdentifier, directory, marks, owner }: Place,
  signal: AbortSignal,
): Promise<void> {
  const { directory: archive, segmentBytes } = walSource.archive
  const target = path.join(directory, name)
  const draft = `${target}.tmp`
  const source = { archive, name, segmentBytes, systemIdentifier, takesPartial: true, ownFile: target }
  try {
    if (await fetchFile(source, draft, signal)) {
      if (owner !== undefined) await chown(draft, owner.uid, owner.gid)
      await rename(draft, target)
    } else await requireFile(target, name)
    const mark = path.join(marks, `${name}.done`)
    await writeFile(mark, '', { mode: 0o600 })
    if (owner !== undefined) await chown(mark, owner.uid, owner.gid)
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw signal.aborted ? thrown : mapFileError(thrown, target, 'write')
  }
}

async function makeDirectory(directory: string, owner: Owner): Promise<void> {
  try {
    const first = await mkdir(directory, { recursive: true, mode: 0o700 })
    if (first !== undefined && owner !== undefined) await chown(directory, owner.uid, owner.gid)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'create')
  }
}

/** What the archive does not have the backup must. */
async function requireFile(file: string, name: string): Promise<void> {
  const found = await stat(file).catch(() => undefined)
  if (found !== undefined) return
  throw new EngineError('wal.missing', `${name} was taken out of the archive while WAL was copied`, {
    hint: 'See what deletes WAL, then start the same restore again.',
    facts: { file: name },
  })
}

function isFaultOfArchive(thrown: unknown): thrown is EngineError {
  return thrown instanceof EngineError && ['wal.missing', 'wal.damaged'].includes(thrown.code)
}
