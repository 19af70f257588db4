import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { createGzip } from 'node:zlib'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { findWalSegment } from '../../base/wal-segment.ts'
import { findSegmentFault, SEGMENT_HEAD_BYTES } from '../../format/segment-head.ts'
import { mapFileError } from '../../host/file-error.ts'
import { claimPartFile, type PartFile, type PartPatience } from './part-file.ts'
import type { PushCompression } from './plan.ts'
import { compareWithArchived } from './same-content.ts'
import type { PushSource } from './source.ts'

const CHUNK_BYTES = 1 << 20

/** How every file of a push is treated. */
export type PushOptions = {
  readonly archive: string
  readonly compression: PushCompression
  readonly overwrites: boolean
  readonly isSynced: boolean
  readonly patience: PartPatience
}

/** `skipped`: the archive has it already. */
export type PushedAs = 'pushed' | 'skipped'

/**
 * Brings one file into the archive: written beside its name, synced, and renamed once `before` has its name. What the
 * archive has under that name, compressed or not, is never replaced by something else unless that was asked for. The
 * directory is not synced yet. A failure leaves nothing behind; a process that is killed leaves a `.part`.
 *
 * @throws {EngineError} `wal.conflict`, `wal.damaged`, `instance.identity-mismatch`, `run.timeout`, `storage.*`
 */
export async function pushFile(
  name: string,
  source: PushSource,
  options: PushOptions,
  before: () => Promise<void>,
  run: Run,
): Promise<PushedAs> {
  const { archive, compression, overwrites, isSynced, patience } = options
  const from = path.join(source.directory, name)
  const isSegment = findWalSegment(name, source.segmentBytes) !== undefined
  const isCompressed = isSegment && compression.algorithm === 'zlib'
  const plain = { file: path.join(archive, name), isCompressed: false }
  const packed = { file: path.join(archive, `${name}.gz`), isCompressed: true }
  const [own, other] = isCompressed ? [packed, plain] : [plain, isSegment ? packed : undefined]
  if (isSegment) await requireOwnSegment(from, name, source)

  const part = await claimPartFile(`${own.file}.part`, patience, run)
  try {
    for (const archived of other === undefined ? [own] : [own, other]) {
      const comparison = await compareWithArchived(from, archived, run.signal)
      if (comparison === 'absent') continue
      if (comparison === 'same') {
        // Whoever put it there may not have synced it, and the server may forget it now.
        if (isSynced) await syncFile(archived.file)
        await before()
        return 'skipped'
      }
      if (!overwrites) throw conflict(archived.file, comparison)
      run.log.warning(`"${archived.file}" is ${comparison}, and is replaced`)
    }
    await copy(from, part, isCompressed ? compression.level : undefined, run.signal)
    if (isSynced) await part.handle.sync()
    await before()
    await giveName(part, own.file)
    if (overwrites && other !== undefined) await rm(other.file, { force: true })
    return 'pushed'
  } catch (thrown) {
    throw run.signal.aborted ? thrown : mapFileError(thrown, own.file, 'write')
  } finally {
    await part.discard()
  }
}

async function copy(
  from: string,
  { handle }: PartFile,
  level: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const source = createReadStream(from, { highWaterMark: CHUNK_BYTES, signal })
  const packed = level === undefined ? undefined : createGzip({ level, chunkSize: 1 << 18 })
  let failure: unknown
  source.on('error', (error) => {
    failure = error
    packed?.destroy(error)
  })
  packed?.on('error', () => undefined)
  try {
    await handle.writeFile(packed === undefined ? source : source.pipe(packed), { signal })
  } catch (thrown) {
    // A failure to read is told as one of that file.
    throw failure === undefined || signal.aborted ? thrown : mapFileError(failure, from, 'read')
  } finally {
    source.destroy()
    packed?.destroy()
  }
}

async function syncFile(file: string): Promise<void> {
  await using handle = await open(file, 'r')
  await handle.sync()
}

async function giveName(part: PartFile, file: string): Promise<void> {
  if (!(await part.isStillOurs())) {
    throw new EngineError('run.timeout', `another process has replaced "${file}.part"`, {
      hint: 'Have only one server archive into an instance; a larger --archive-timeout is more patient.',
    })
  }
  await rename(`${file}.part`, file)
}

async function requireOwnSegment(from: string, name: string, source: PushSource): Promise<void> {
  const { segmentBytes, systemIdentifier } = source
  const segment = findWalSegment(name, segmentBytes)
  if (segment === undefined) return
  const head = new Uint8Array(SEGMENT_HEAD_BYTES)
  let size: number
  let filled: number
  try {
    await using handle = await open(from, 'r')
    size = (await handle.stat()).size
    filled = (await handle.read(head, 0, head.length, 0)).bytesRead
  } catch (thrown) {
    throw mapFileError(thrown, from, 'read')
  }
  const fault = findSegmentFault(head.subarray(0, filled), { segment, segmentBytes, systemIdentifier })
  if (fault === undefined && size === segmentBytes) return
  throw new EngineError(
    fault?.what === 'other-cluster' ? 'instance.identity-mismatch' : 'wal.damaged',
    `"${from}" ${fault?.message ?? `has ${size} bytes, and a segment has ${segmentBytes}`}`,
    { hint: 'Refused, for it would spoil the archive. Check the disk of the server and --wal-file-path.' },
  )
}

function conflict(file: string, comparison: 'different' | 'damaged'): EngineError {
  return new EngineError(
    'wal.conflict',
    comparison === 'damaged'
      ? `the archive has "${file}" already, and it is damaged`
      : `the archive has another "${file}" already`,
    {
      hint: 'Two servers may be archiving into one instance. If this one is right, push it with --overwrite.',
      facts: { path: file },
    },
  )
}
