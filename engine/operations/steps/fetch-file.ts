import { access, type FileHandle, open, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { findWalSegment } from '../../base/wal-segment.ts'
import { endsBefore } from '../../format/partial-segment.ts'
import { findSegmentFault, SEGMENT_HEAD_BYTES } from '../../format/segment-head.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { openRegular } from '../../host/regular-file.ts'
import { isNotUnpackable, openArchived } from './open-archived.ts'

/** What is fetched, and whose it has to be. */
export type FetchedFile = {
  readonly archive: string
  readonly name: string
  readonly segmentBytes: number
  readonly systemIdentifier: bigint | undefined
  /** Whether a segment that was not full when its timeline ended will do. */
  readonly takesPartial: boolean
  /** What the server itself has of the segment, if anything: it is not looked at once the archive has given one. */
  readonly ownFile?: string
}

/**
 * Copies a file out of the archive, unpacked, mode 0600. A segment is looked for as `.gz`, plain, `.partial` and
 * `.gz.partial`, of these the one that goes further; one that is damaged is passed over when there is another. A partial
 * one is filled up with zeros, and passed over where the server's own goes further. Not synced: the server asks again
 * after a crash.
 *
 * @returns whether the archive had it; nothing is left at `target` unless it did
 * @throws {EngineError} `wal.damaged`, `instance.identity-mismatch`, `storage.*`
 */
export async function fetchFile(file: FetchedFile, target: string, signal: AbortSignal): Promise<boolean> {
  const isSegment = findWalSegment(file.name, file.segmentBytes) !== undefined
  const suffixes = !isSegment
    ? ['']
    : file.takesPartial
      ? // A receiver may have given the partial one its name since that was looked for.
        ['.gz', '', '.partial', '.gz.partial', '.gz', '']
      : ['.gz', '']
  // Two programs that received one after the other leave one of each.
  const isPackedFirst = suffixes.length > 2 && (await isPackedLonger(file, signal))
  let problem: unknown
  for (const suffix of isPackedFirst ? PACKED_FIRST : suffixes) {
    try {
      if (await copyOut(file, path.join(file.archive, file.name + suffix), isSegment, target, signal))
        return true
    } catch (thrown) {
      await rm(target, { force: true }).catch(() => undefined)
      if (signal.aborted || !isFaultOfSource(thrown)) throw thrown
      problem ??= thrown
    }
  }
  if (problem !== undefined) throw problem
  return false
}

const PACKED_FIRST = ['.gz', '', '.gz.partial', '.partial', '.gz', '']

/** Whether there are partial segments in both forms, and the packed one goes further. */
async function isPackedLonger(
  { archive, name, segmentBytes }: FetchedFile,
  signal: AbortSignal,
): Promise<boolean> {
  const [plain, packed] = [path.join(archive, `${name}.partial`), path.join(archive, `${name}.gz.partial`)]
  if (!(await isThere(plain)) || !(await isThere(packed))) return false
  const bytes: Buffer[] = []
  let length = 0
  try {
    using content = await openArchived(packed, true, signal)
    if (content === undefined) return false
    for await (const chunk of content.chunks) {
      length += chunk.length
      if (length > segmentBytes) return false
      bytes.push(chunk)
    }
    await using held = await openRegular(plain)
    return held !== undefined && endsBefore(await held.readFile(), Buffer.concat(bytes))
  } catch (thrown) {
    if (signal.aborted) throw thrown
    // It is tried after the other one, and says then what is wrong with it.
    return false
  }
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}

async function copyOut(
  file: FetchedFile,
  from: string,
  isSegment: boolean,
  target: string,
  signal: AbortSignal,
): Promise<boolean> {
  const isCompressed = /\.gz(?:\.partial)?$/.test(from)
  using content = await openArchived(from, isCompressed, signal)
  if (content === undefined) return false
  await using handle = await create(target)
  let length = 0
  let head: Uint8Array = new Uint8Array(0)
  try {
    for await (const chunk of content.chunks) {
      if (isSegment && length + chunk.length > file.segmentBytes)
        throw damaged(from, `has more than the ${file.segmentBytes} bytes of a segment`)
      if (head.length < SEGMENT_HEAD_BYTES)
        head = Buffer.concat([head, chunk.subarray(0, SEGMENT_HEAD_BYTES)])
      await write(handle, chunk, length, target)
      length += chunk.length
    }
  } catch (thrown) {
    if (thrown instanceof EngineError || signal.aborted) throw thrown
    throw isNotUnpackable(thrown)
      ? damaged(from, 'cannot be unpacked', thrown)
      : mapFileError(thrown, from, 'read')
  }
  if (isSegment) {
    requireSegment(file, from, head, length)
    if (from.endsWith('.partial') && (await isOwnLonger(file, target))) {
      await rm(target, { force: true })
      return false
    }
    if (length < file.segmentBytes) await extend(handle, file.segmentBytes, target)
  }
  return true
}

async function isOwnLonger({ ownFile }: FetchedFile, target: string): Promise<boolean> {
  if (ownFile === undefined) return false
  const own = await readFile(ownFile).catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined
    throw mapFileError(thrown, ownFile, 'read')
  })
  return own !== undefined && endsBefore(await readFile(target), own)
}

function requireSegment(file: FetchedFile, from: string, head: Uint8Array, length: number): void {
  const { name, segmentBytes, systemIdentifier } = file
  const segment = findWalSegment(name, segmentBytes)
  if (segment === undefined) return
  const fault = findSegmentFault(head, { segment, segmentBytes, systemIdentifier })
  if (fault?.what === 'other-cluster') {
    throw new EngineError('instance.identity-mismatch', `"${from}" ${fault.message}`, {
      hint: 'Check --instance in restore_command; look where that segment came from.',
      facts: { path: from },
    })
  }
  if (fault !== undefined) throw damaged(from, fault.message)
  if (length < segmentBytes && !from.endsWith('.partial'))
    throw damaged(from, `has ${length} bytes, and a segment has ${segmentBytes}`)
}

async function create(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, 'w', 0o600)
    await handle.chmod(0o600)
    return handle
  } catch (thrown) {
    throw mapFileError(thrown, file, 'create')
  }
}

async function write(handle: FileHandle, bytes: Uint8Array, position: number, file: string): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
    }
  } catch (thrown) {
    throw mapFileError(thrown, file, 'write')
  }
}

async function extend(handle: FileHandle, bytes: number, file: string): Promise<void> {
  try {
    await handle.truncate(bytes)
  } catch (thrown) {
    throw mapFileError(thrown, file, 'extend')
  }
}

/** Another form of the segment may be sound. What is wrong with the target is wrong for every form. */
function isFaultOfSource(thrown: unknown): boolean {
  return thrown instanceof EngineError && ['wal.damaged', 'instance.identity-mismatch'].includes(thrown.code)
}

function damaged(file: string, message: string, cause?: unknown): EngineError {
  return new EngineError('wal.damaged', `"${file}" ${message}`, {
    hint: 'The segment in the archive is damaged: look whether the server or another archive still has it.',
    cause,
    facts: { path: file },
  })
}
