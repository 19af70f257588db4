import { closeSync, copyFileSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { encodeHeaderTable } from '../../format/header-map.ts'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import type { Task, TaskContext } from '../steps/worker-pool.ts'
import type { FileToMerge, MergedFile, MergeFilesInput, MergeSource } from './file-work.ts'
import { crcOf, damagedSource, openSourcePages, openStored, type SourcePages } from './source-pages.ts'
import { patchPages } from './patch-pages.ts'
import { findOwners, type Owners, writePages } from './write-pages.ts'

/** What the reference tool calls its drafts too, so that either clears away what the other left. */
export const PAGED_DRAFT = '_tmp2'
export const PLAIN_DRAFT = '_tmp'

/** `pg_control` is listed with the checksum inside it, and every backup stores it. */
const CONTROL_FILE = 'global/pg_control'

/**
 * Brings files of the FULL up to the destination, one after the other. Each is replaced as a whole, or, where few pages
 * have changed, changed in place: see {@link patchPages} for what is left then when this ends early.
 */
export const mergeFiles: Task<MergeFilesInput, readonly MergedFile[]> = {
  name: 'merge.rebuild-files',
  run: (input, context) =>
    input.files.map((file) => {
      context.throwIfCancelled()
      return file.isPaged ? mergePaged(file, input, context) : mergePlain(file, input, context)
    }),
}

function mergePlain(file: FileToMerge, input: MergeFilesInput, context: TaskContext): MergedFile {
  const [source] = file.sources
  if (source === undefined) throw damagedSource(file, { backupId: '?' }, 'nobody stores it')
  const merged = {
    storedBytes: 0,
    writtenBytes: 0,
    crc: source.crc,
    compressAlgorithm: 'none',
    pages: undefined,
  } as const
  if (!source.isFull) {
    replaceWithLink(file, source, PLAIN_DRAFT, input)
    return { ...merged, how: 'linked' }
  }
  if (file.name !== CONTROL_FILE) {
    const descriptor = openStored(source.storedPath)
    try {
      if (crcOf(descriptor, context) !== source.crc) throw damagedSource(file, source, 'fails its checksum')
    } finally {
      closeSync(descriptor)
    }
  }
  return { ...merged, how: 'stayed' }
}

function mergePaged(file: FileToMerge, input: MergeFilesInput, context: TaskContext): MergedFile {
  const patched = patchPages(file, input, context)
  if (patched !== undefined) return patched
  using opened = new DisposableStack()
  const sources = file.sources.map((source) => opened.use(openSourcePages(source, file, input, context)))
  const owners = findOwners(file, sources)
  requireSoundOwned(file, sources, owners)
  const [newest] = sources
  if (newest !== undefined && isWhole(newest, owners, input)) {
    if (newest.source.isFull && file.mayStay) return fromWhole('stayed', newest)
    if (!newest.source.isFull) {
      replaceWithLink(file, newest.source, PAGED_DRAFT, input)
      return fromWhole('linked', newest)
    }
  }
  const draft = `${file.targetPath}${PAGED_DRAFT}`
  try {
    const merged = writePages(draft, file, sources, owners, input, context)
    renameSync(draft, file.targetPath)
    return merged
  } catch (thrown) {
    rmSync(draft, { force: true })
    throw mapFileError(thrown, file.targetPath, 'replace')
  }
}

/** What a merge that was broken off left in the FULL may have torn pages, of which none is needed. */
function requireSoundOwned(file: FileToMerge, sources: readonly SourcePages[], owners: Owners): void {
  for (const [at, { source, damagedBlocks }] of sources.entries())
    for (const block of damagedBlocks)
      if (owners.source[block] === at) throw damagedSource(file, source, `block ${block} is damaged`)
}

/** Whether the newest version has every page already, stored as the destination wants them. */
function isWhole(newest: SourcePages, owners: Owners, input: MergeFilesInput): boolean {
  return (
    !newest.source.isPadded &&
    newest.compressAlgorithm === input.compressAlgorithm &&
    newest.pages.length === owners.source.length &&
    owners.source.every((at) => at === 0)
  )
}

function fromWhole(how: MergedFile['how'], whole: SourcePages): MergedFile {
  const { pages, storedBytes, crc, compressAlgorithm } = whole
  const table = encodeHeaderTable(pages, storedBytes)
  return {
    how,
    storedBytes,
    writtenBytes: 0,
    crc,
    compressAlgorithm,
    pages: {
      blockCount: pages.length,
      headerCount: pages.length,
      headerCrc: kernel.crc32c(table),
      headerBlob: deflateSync(table, { level: 1 }),
    },
  }
}

/**
 * Puts the very file of an increment into the FULL under the name of the old one. The increment goes away afterwards,
 * so nothing need be copied; file systems without links get a copy.
 */
function replaceWithLink(
  file: FileToMerge,
  source: MergeSource,
  suffix: string,
  input: MergeFilesInput,
): void {
  const draft = `${file.targetPath}${suffix}`
  try {
    rmSync(draft, { force: true })
    if (!link(source.storedPath, draft)) {
      copyFileSync(source.storedPath, draft)
    }
    // Costs nothing where the increment was synced when it was taken.
    if (input.isSynced) syncFile(draft)
    renameSync(draft, file.targetPath)
    // Renaming one name of a file over another name of the same file does nothing: a merge that is resumed meets that.
    rmSync(draft, { force: true })
  } catch (thrown) {
    throw mapFileError(thrown, file.targetPath, 'replace')
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    // Not known here, too many names, or forbidden for files of others.
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'].includes(String(code))) return false
    throw thrown
  }
}

function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
