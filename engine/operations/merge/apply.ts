import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { mapConcurrently } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { writeBackupControl, writeContentList } from '../../catalog/backup.ts'
import { DIRECTORY_MODE } from '../../catalog/paths.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { removeTree } from '../../host/remove-tree.ts'
import { toBatches } from '../steps/batches.ts'
import { checkStoredFiles } from '../steps/check-backup.ts'
import { ProgressTicker } from '../steps/progress-ticker.ts'
import { contentRoot, isDirectoryEntry } from '../steps/stored-versions.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'
import { HeaderMapDraft } from './header-map-draft.ts'
import { mergeFiles } from './merge-files.ts'
import { requireOwnDirectories } from './own-directories.ts'
import { type FileWork, type Member, mergedEntry, planMergeWork, sortMerged } from './work-list.ts'

export type ApplyInput = {
  /** Newest first, the FULL last. */
  readonly chain: readonly Member[]
  readonly isResumed: boolean
  readonly isValidated: boolean
  readonly isSynced: boolean
  /** Written into the merged backup. */
  readonly programVersion: string
}

/** What was done to the files. */
export type Applied = {
  readonly control: BackupControl
  readonly fileCount: number
  readonly stayedCount: number
  readonly linkedCount: number
  /** Bytes that were stored anew. */
  readonly writtenBytes: number
}

/**
 * Brings the files of the FULL up to the destination and ends with a list and a control file that say so; the status
 * stays MERGING. Until then the old list is in force, and every file is the old one, a complete new one, or one of which
 * the increments have all that is not sound, so whatever ends this, doing it again gives the same result. Source: `catalog-format.md` section 11.2, steps 5 to 8.
 */
export async function applyMerge(input: ApplyInput, pool: WorkerPool, run: Run): Promise<Applied> {
  const destination = requireMember(input.chain[0])
  const full = requireMember(input.chain.at(-1))
  const { directory } = full.backup
  const startSeconds = Math.floor(run.clock.nowMs() / 1000)
  const work = planMergeWork(input.chain, input.isResumed)
  run.log.log(
    `${work.files.length} files are to be merged, ${work.staying.length} relations stay as they are`,
  )
  await requireOwnDirectories(directory, [
    'database',
    'external_directories',
    ...work.directories,
    ...work.files.map(({ file }) => path.relative(directory, path.dirname(file.targetPath))),
  ])
  await makeDirectories(directory, work.directories, input.isSynced)

  await using headerMap = new HeaderMapDraft(directory)
  await headerMap.clear()
  const taken = await headerMap.takeOver(work.staying)
  const { entries, written, linkedCount, writtenBytes } = await mergeAll(
    work.files,
    input,
    pool,
    headerMap,
    run,
  )
  if (input.isSynced) await syncParents(work.files)
  await headerMap.commit(input.isSynced)
  if (input.isSynced) await syncDirectory(directory)

  const control = { ...mergedControl(full.control, destination.control, input), mergeSeconds: startSeconds }
  if (input.isValidated) await requireSound(directory, control, written, pool, run)

  const list = sortMerged([...work.settled, ...taken, ...entries])
  // The old checksum would damn the new list if this ended between the two files, and so would the new one the old list.
  await writeBackupControl(directory, { ...full.control, status: 'MERGING', contentCrc: undefined })
  const totals = await writeContentList(directory, list)
  const merged: BackupControl = {
    ...control,
    endSeconds: Math.floor(run.clock.nowMs() / 1000),
    dataBytes: totals.dataBytes,
    uncompressedBytes: totals.uncompressedBytes,
    walBytes: control.isStream ? totals.walBytes : destination.control.walBytes,
    contentCrc: totals.crc,
  }
  await writeBackupControl(directory, merged)
  await sweep(directory, list)
  return {
    control: merged,
    fileCount: list.length,
    stayedCount: list.length - written.length - linkedCount,
    linkedCount,
    writtenBytes,
  }
}

/** What the merged backup says of itself until it gets its new name. Source: `catalog-format.md` section 11.2, step 8. */
function mergedControl(
  full: BackupControl,
  destination: BackupControl,
  { programVersion }: ApplyInput,
): BackupControl {
  return {
    ...full,
    status: 'MERGING',
    programVersion,
    parentId: undefined,
    isStream: destination.isStream,
    compressAlgorithm: destination.compressAlgorithm,
    compressLevel: destination.compressLevel,
    isFromReplica: destination.isFromReplica,
    timeline: destination.timeline,
    startLsn: destination.startLsn,
    stopLsn: destination.stopLsn,
    recoveryXid: destination.recoveryXid,
    recoverySeconds: destination.recoverySeconds,
    expireSeconds: destination.expireSeconds,
    primaryConninfo: destination.primaryConninfo,
    externalDirs: destination.externalDirs,
    note: destination.note,
  }
}

type MergedAll = {
  readonly entries: readonly ContentEntry[]
  /** Those that were stored anew. */
  readonly written: readonly ContentEntry[]
  readonly linkedCount: number
  readonly writtenBytes: number
}

async function mergeAll(
  files: readonly FileWork[],
  input: ApplyInput,
  pool: WorkerPool,
  headerMap: HeaderMapDraft,
  run: Run,
): Promise<MergedAll> {
  const { control } = requireMember(input.chain[0])
  const options = {
    compressAlgorithm: control.compressAlgorithm,
    compressLevel: control.compressLevel,
    hasChecksums: requireMember(input.chain.at(-1)).control.checksumVersion > 0,
    isResumed: input.isResumed,
    isSynced: input.isSynced,
  }
  const entries: ContentEntry[] = []
  const written: ContentEntry[] = []
  let linkedCount = 0
  let writtenBytes = 0
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'merge',
    pool,
    totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    totalFiles: files.length,
  })
  await mapConcurrently(
    toBatches(files),
    pool.threads * 2,
    async (batch) => {
      const done = ticker.begin(batch.map(({ file }) => file.name))
      const outcomes = await pool.run(mergeFiles, { ...options, files: batch.map(({ file }) => file) })
      for (const [index, merged] of outcomes.entries()) {
        const one = batch[index]
        if (one === undefined) continue
        const offset = merged.pages === undefined ? 0 : await headerMap.append(merged.pages.headerBlob)
        const entry = mergedEntry(one, merged, offset)
        entries.push(entry)
        writtenBytes += merged.writtenBytes
        if (merged.how === 'written' || merged.how === 'patched') written.push(entry)
        if (merged.how === 'linked') linkedCount++
      }
      done(batch.length)
    },
    run.signal,
  )
  return { entries, written, linkedCount, writtenBytes }
}

/** New files are read back before any increment goes: as long as those are there, nothing is lost. */
async function requireSound(
  directory: string,
  control: BackupControl,
  written: readonly ContentEntry[],
  pool: WorkerPool,
  run: Run,
): Promise<void> {
  using ticker = new ProgressTicker({
    report: run.report,
    phase: 'validate',
    pool,
    totalBytes: written.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    totalFiles: written.length,
  })
  const context = { checksBlocks: false, pool, ticker, run }
  const messages: string[] = []
  const findings = await checkStoredFiles({ directory }, control, written, context, ({ message }) =>
    messages.push(message),
  )
  messages.push(...findings.map(({ message }) => message))
  if (messages.length === 0) return
  throw new EngineError('backup.damaged', `what was merged cannot be read back: ${messages[0]}`, {
    hint: 'Check the disk of the catalog, then merge again; the increments are still there.',
  })
}

async function makeDirectories(
  root: string,
  directories: readonly string[],
  isSynced: boolean,
): Promise<void> {
  const parents = new Set<string>()
  for (const directory of directories) {
    const target = path.join(root, directory)
    try {
      const made = await mkdir(target, { recursive: true, mode: DIRECTORY_MODE })
      if (made !== undefined) parents.add(path.dirname(made)).add(path.dirname(target))
    } catch (thrown) {
      throw mapFileError(thrown, target, 'create')
    }
  }
  if (isSynced) for (const parent of parents) await syncDirectory(parent)
}

async function syncParents(files: readonly FileWork[]): Promise<void> {
  const parents = new Set(files.map(({ file }) => path.dirname(file.targetPath)))
  for (const parent of parents) await syncDirectory(parent)
}

/** Removes what the list does not name: files of the old FULL and drafts that a broken merge has left. */
async function sweep(directory: string, list: readonly ContentEntry[]): Promise<void> {
  const files = new Set<string>()
  const directories = new Set<string>()
  for (const entry of list) {
    const name = path.posix.join(contentRoot(entry).replaceAll(path.sep, '/'), entry.path)
    if (isDirectoryEntry(entry)) directories.add(name)
    else if (entry.sizeBytes > 0) files.add(name)
    for (let at = path.posix.dirname(name); at !== '.' && !directories.has(at); at = path.posix.dirname(at))
      directories.add(at)
  }
  const visit = async (at: string): Promise<void> => {
    for (const found of await readdir(path.join(directory, at), { withFileTypes: true })) {
      const name = `${at}/${found.name}`
      const target = path.join(directory, name)
      if (!found.isDirectory()) {
        if (!files.has(name)) await rm(target, { force: true })
      } else if (directories.has(name)) await visit(name)
      else await removeTree(target, new AbortController().signal)
    }
  }
  for (const root of ['database', 'external_directories']) {
    try {
      await visit(root)
    } catch (thrown) {
      if (!isMissing(thrown)) throw mapFileError(thrown, path.join(directory, root), 'clear')
    }
  }
}

function requireMember(member: Member | undefined): Member {
  if (member === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  return member
}
