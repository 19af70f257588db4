import { open } from 'node:fs/promises'
import path from 'node:path'
import { runFromBothEnds } from '../../base/concurrency.ts'
import type { Run } from '../../base/run.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import { toBatches, writingLanes } from '../steps/batches.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'
import { copiedEntry, makeDirectories, pendingEntry, unchangedEntry, unreadEntry } from './content.ts'
import { copyFiles } from './copy-files.ts'
import type { CopyFilesInput, FileToCopy } from './file-copy.ts'
import { type Increment, sinceParent } from './increment.ts'
import { absolutePathOf, type SourceEntry } from './list-files.ts'

const CONTROL_FILE = 'global/pg_control'

/**
 * Copies everything that was listed into `directory` and gives the lines of the content list, without the files that
 * vanished meanwhile, ordered by the size that the files had (catalog format 4.1). Writes `page_header_map`.
 * `pg_control` is copied after all the rest, since its checkpoint tells where replay may begin (7.3, step 11).
 */
export async function copyCluster(
  entries: readonly SourceEntry[],
  directory: string,
  options: Omit<CopyFilesInput, 'files'>,
  increment: Increment | undefined,
  pool: WorkerPool,
  run: Run,
): Promise<readonly ContentEntry[]> {
  const directories = entries.filter(({ isDirectory }) => isDirectory)
  await makeDirectories(
    directory,
    directories.map((entry) => path.join(storedRoot(entry), entry.path)),
  )

  const unchanged = increment === undefined ? new Set<SourceEntry>() : findUnchanged(entries, increment)
  const files = entries.filter((entry) => !entry.isDirectory && !unchanged.has(entry))
  const isControlFile = (entry: SourceEntry): boolean =>
    entry.externalDirNumber === 0 && entry.path === CONTROL_FILE
  const control = files.filter(isControlFile)
  const batches = toBatches(files.filter((entry) => !isControlFile(entry)))

  await using headerMap = new HeaderMapWriter(path.join(directory, 'page_header_map'))
  const copied = new Map<SourceEntry, ContentEntry>()
  for (const entry of unchanged) copied.set(entry, unreadEntry(entry))
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'copy',
    pool,
    totalBytes,
    totalFiles: files.length,
  })

  const copyBatch = async (batch: readonly SourceEntry[]): Promise<void> => {
    const done = ticker.begin(batch.map((entry) => entry.path))
    const input = { ...options, files: batch.map((entry) => fileToCopy(entry, directory, increment)) }
    const { files: outcomes, headerTables } = await pool.run(copyFiles, input)
    let headerOffset = await headerMap.append(headerTables)
    for (const [index, outcome] of outcomes.entries()) {
      const entry = batch[index]
      if (entry === undefined) continue
      if (outcome.outcome === 'vanished') {
        run.log.log(`file "${absolutePathOf(entry)}" was dropped while the backup ran`)
        continue
      }
      if (outcome.rereadCount > 0) {
        run.log.log(`${outcome.rereadCount} pages of "${entry.path}" were read again until they were whole`)
      }
      if (outcome.outcome === 'unchanged') {
        copied.set(entry, unchangedEntry(entry, outcome))
        continue
      }
      copied.set(entry, copiedEntry(entry, outcome, options.compressAlgorithm, headerOffset))
      headerOffset += outcome.headers?.sizeBytes ?? 0
    }
    done(batch.length)
  }

  await runFromBothEnds(batches, writingLanes(pool.threads), copyBatch, run.signal)
  await copyBatch(control)
  await headerMap.sync()

  return entries
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes)
    .flatMap((entry) => (entry.isDirectory ? pendingEntry(entry) : (copied.get(entry) ?? [])))
}

/** Data files of which is known without a look that the parent has all of them. */
function findUnchanged(entries: readonly SourceEntry[], increment: Increment): ReadonlySet<SourceEntry> {
  const unchanged = new Set(increment.unchangedFiles)
  if (increment.changedPages === undefined) return unchanged
  for (const entry of entries) {
    if (!entry.isDataFile || entry.sizeBytes < PAGE_BYTES) continue
    if (sinceParent(entry, increment)?.pages?.map?.length === 0) unchanged.add(entry)
  }
  return unchanged
}

/** Where a file lies below the directory of the backup. */
export function storedRoot(entry: { readonly externalDirNumber: number }): string {
  return entry.externalDirNumber === 0
    ? 'database'
    : path.join('external_directories', `externaldir${entry.externalDirNumber}`)
}

function fileToCopy(entry: SourceEntry, directory: string, increment: Increment | undefined): FileToCopy {
  return {
    sourcePath: absolutePathOf(entry),
    targetPath: `${directory}${path.sep}${storedRoot(entry)}${path.sep}${entry.path}`,
    name: entry.path,
    kind: entry.isDataFile
      ? 'data'
      : entry.externalDirNumber === 0 && entry.path === CONTROL_FILE
        ? 'control'
        : 'plain',
    mode: entry.mode,
    segmentNumber: entry.segmentNumber,
    ...(increment !== undefined && sinceParent(entry, increment)),
  }
}

/** Appends header tables in the order in which files are done. The file is made with the first table. */
class HeaderMapWriter implements AsyncDisposable {
  readonly #path: string
  #file: Awaited<ReturnType<typeof open>> | undefined
  #offset = 0
  #queue: Promise<void> = Promise.resolve()

  constructor(file: string) {
    this.#path = file
  }

  /** Appends the tables of a batch in one write, and gives where the first of them lies. */
  async append(tables: Uint8Array): Promise<number> {
    const start = this.#offset
    if (tables.length === 0) return start
    this.#offset += tables.length
    this.#queue = this.#queue.then(() => this.#write(tables, start))
    await this.#queue
    return start
  }

  async sync(): Promise<void> {
    await this.#file?.sync().catch((thrown: unknown) => {
      throw mapFileError(thrown, this.#path, 'sync')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #write(blob: Uint8Array, offset: number): Promise<void> {
    try {
      this.#file ??= await open(this.#path, 'wx', 0o600)
      await this.#file.write(blob, 0, blob.length, offset)
    } catch (thrown) {
      throw mapFileError(thrown, this.#path, 'write')
    }
  }
}
