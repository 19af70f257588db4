import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  writeSync,
} from 'node:fs'
import { EngineError } from '../../base/engine-error.ts'
import { PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import type { TaskContext } from '../steps/worker-pool.ts'
import { examinePagesThere, type Reuse } from './pages-there.ts'
import { openPageRun, pageBuffer, placePages } from '../steps/place-pages.ts'
import type { FileToRebuild } from '../steps/stored-source.ts'

type Done = { readonly writtenBytes: number; readonly reusedBytes: number }

const PERMISSION_BITS = 0o7777
/** Windows has neither flag. A pipe of that name must not hold us up. */
const IN_PLACE = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const ZEROS = new Uint8Array(PAGE_BYTES)

/**
 * Brings a relation segment that is in the directory already up to the backup: pages that are those of the backup stay,
 * the others are written over them. In the end it has the recorded length, and zeros where no backup has a page.
 * Undefined, and nothing was touched, when there is no file to build on: it is to be made anew then. What ends this early
 * leaves a mixture of both, page by page.
 *
 * A file with another name elsewhere is not built on: the other one would change as well.
 *
 * @throws {EngineError} `restore.diverged` when pages say that the directory did not follow the history that its
 * shift LSN rests on; `backup.damaged`, `storage.*`
 */
export function rebuildInPlace(
  file: FileToRebuild,
  reuse: Reuse,
  owner: { readonly uid: number; readonly gid: number } | undefined,
  context: TaskContext,
): Done | undefined {
  if (file.blockCount === 0 || file.blockCount > SEGMENT_BLOCKS) return undefined
  const descriptor = openThere(file.targetPath)
  if (descriptor === undefined) return undefined
  try {
    const stats = fstatSync(descriptor)
    const blocksThere = Math.min(file.blockCount, Math.floor(stats.size / PAGE_BYTES))
    if (!stats.isFile() || stats.nlink !== 1 || blocksThere === 0) return undefined
    const setSize = (bytes: number): void => ftruncateSync(descriptor, bytes)
    // A part of a page at the end would come back when the file grows.
    if (stats.size !== blocksThere * PAGE_BYTES) setSize(blocksThere * PAGE_BYTES)
    if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid)
    fchmodSync(descriptor, file.mode & PERMISSION_BITS)

    const { segmentNumber } = file
    const there = examinePagesThere(
      descriptor,
      { blockCount: blocksThere, segmentNumber, reuse, buffer: pageBuffer() },
      context,
    )
    const done = patch(descriptor, there, { file, reuse }, context)
    if (blocksThere !== file.blockCount) setSize(file.blockCount * PAGE_BYTES)
    return done
  } catch (thrown) {
    throw mapFileError(thrown, file.targetPath, 'change')
  } finally {
    closeSync(descriptor)
  }
}

function patch(
  descriptor: number,
  there: ReturnType<typeof examinePagesThere>,
  { file, reuse }: { readonly file: FileToRebuild; readonly reuse: Reuse },
  context: TaskContext,
): Done {
  const run = openPageRun((bytes, offset) => writeFully(descriptor, bytes, offset))
  let reusedBytes = 0
  const isZeroThere = (block: number): boolean => block >= there.blockCount || there.isZeroed(block)
  const met = placePages(
    file,
    {
      place(block, content) {
        if (!isZeroThere(block) || content.some((byte) => byte !== 0)) run.add(block, content)
      },
      flush: run.flush,
      isThere(block, table, index, source) {
        if (reuse.mode === 'lsn' && !source.isBeforeShift) return false
        const comparison = there.compare(block, table, index)
        if (comparison === 'diverged') throw diverged(file, block)
        if (comparison !== 'same') return false
        reusedBytes += PAGE_BYTES
        return true
      },
    },
    context,
  )
  for (let block = 0; block < there.blockCount; block++)
    if (met?.has(block) !== true && !there.isZeroed(block)) run.add(block, ZEROS)
  run.flush()
  return { writtenBytes: run.writtenBytes, reusedBytes }
}

/** Undefined when there is no regular file; a link is not one, wherever it leads. */
function openThere(file: string): number | undefined {
  try {
    return openSync(file, IN_PLACE)
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    if (thrown instanceof Error && 'code' in thrown && (thrown.code === 'ELOOP' || thrown.code === 'EISDIR'))
      return undefined
    throw mapFileError(thrown, file, 'open')
  }
}

function writeFully(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done)
}

function diverged(file: FileToRebuild, block: number): EngineError {
  return new EngineError(
    'restore.diverged',
    `block ${block} of "${file.name}" shows that the directory has not followed the history of the backup`,
    {
      hint: 'No server can start on the directory now. Run the restore again in checksum mode: it compares every page and continues from here.',
      facts: { file: file.name, block: String(block) },
    },
  )
}
