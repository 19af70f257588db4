import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rm, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { describeError, EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn, lsnFromBigint } from '../../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber, walSegmentStart } from '../../base/wal-segment.ts'
import { findTimelineOfHistoryFile } from '../../format/timeline-history.ts'
import { renameIfFree, syncDirectory, writeFileDurably } from '../../host/durable-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import type { WalDirectory } from '../../server/wal-directory.ts'

const FILE_MODE = 0o600

/** The archive of an instance as a place to receive into. */
export type ArchiveWriter = WalDirectory & {
  /** A stream begins anew: nothing is taken to be safe until it has come again. */
  begin(): Promise<void>
  /** Segments that were completed, and their bytes, since this was opened. */
  readonly segmentCount: number
  readonly receivedBytes: number
}

type Current = {
  readonly timeline: Timeline
  readonly number: bigint
  readonly name: string
  readonly file: FileHandle
  filledBytes: number
}

/**
 * Writes the segment that is coming in as `<segment>.partial`, filled up with zeros, and gives it its name once it is
 * whole and synced; with a compression level it becomes `<segment>.gz`. A whole segment that is there already is compared and never replaced.
 * Bytes that come again are written over the same bytes: a partial segment is never cut off, it may hold the last
 * commits of a server that is gone.
 *
 * Every call throws `storage.*` where the disk refuses, and `wal.conflict` for a segment or history file that differs
 * from the one in the archive. What was safe before stays.
 */
export function openArchiveWriter(options: {
  readonly directory: string
  readonly segmentBytes: number
  /** 1 to 9; undefined = segments are stored as they are. */
  readonly compressLevel: number | undefined
}): ArchiveWriter {
  const { directory, segmentBytes, compressLevel } = options
  let current: Current | undefined
  let synced: Lsn | undefined
  let segmentCount = 0
  let receivedBytes = 0

  const place = (name: string): string => path.join(directory, name)

  const enter = async (timeline: Timeline, number: bigint): Promise<Current> => {
    const name = walSegmentName({ timeline, number }, segmentBytes)
    const file = await openKept(place(`${name}.partial`))
    try {
      // Zeros behind what has come are how readers know the end of WAL; a file that is too short counts as damaged.
      if ((await file.stat()).size < segmentBytes) await file.truncate(segmentBytes)
      await syncDirectory(directory)
    } catch (thrown) {
      await file.close()
      throw thrown
    }
    return { timeline, number, name, file, filledBytes: 0 }
  }

  const leave = async (): Promise<void> => {
    if (current === undefined) return
    const { file, number, filledBytes } = current
    current = undefined
    try {
      await file.sync()
      synced = lsnFromBigint(walSegmentStart(number, segmentBytes) + BigInt(filledBytes))
    } finally {
      await file.close()
    }
  }

  const complete = async (): Promise<void> => {
    if (current === undefined) return
    const { file, name, number } = current
    current = undefined
    const partial = place(`${name}.partial`)
    try {
      // Somebody else's partial segment may have been longer than a segment can be.
      if ((await file.stat()).size !== segmentBytes) await file.truncate(segmentBytes)
      await file.sync()
    } finally {
      await file.close()
    }
    if (compressLevel === undefined) await keepPlain(partial, name)
    else await keepCompressed(partial, name, compressLevel)
    segmentCount++
    synced = walSegmentStart(number + 1n, segmentBytes)
  }

  const keepPlain = async (partial: string, name: string): Promise<void> => {
    const isArchived = await agreesWithArchived(partial, name)
    if (!isArchived && !(await renameIfFree(partial, place(name)))) {
      // Somebody else has archived it in this very moment.
      await agreesWithArchived(partial, name)
    }
    await syncDirectory(directory)
    await rm(partial, { force: true })
  }

  const keepCompressed = async (partial: string, name: string, level: number): Promise<void> => {
    if (!(await agreesWithArchived(partial, name))) {
      const draft = place(`${name}.gz.part`)
      try {
        await compressFile(partial, draft, level)
        if (!(await renameIfFree(draft, place(`${name}.gz`)))) await agreesWithArchived(partial, name)
      } finally {
        await rm(draft, { force: true })
      }
    }
    await syncDirectory(directory)
    await rm(partial, { force: true })
  }

  /** Whether the archive has that segment, with the same bytes. */
  const agreesWithArchived = async (partial: string, name: string): Promise<boolean> => {
    for (const archived of [name, `${name}.gz`]) {
      const file = place(archived)
      if (!(await isThere(file))) continue
      const why = await findDifference(partial, file, segmentBytes)
      if (why === undefined) return true
      throw new EngineError(
        'wal.conflict',
        `the archive has another segment ${archived} than the server: ${why}`,
        {
          hint: `Nothing was replaced; what the server sent is in ${name}.partial. See which one is right and move the other away. If the server was set back to an earlier state, give it an instance of its own.`,
          facts: { path: file, segment: name },
        },
      )
    }
    return false
  }

  return {
    async begin() {
      try {
        await leave()
      } finally {
        synced = undefined
      }
    },
    async write(timeline, start, bytes) {
      try {
        for (let done = 0; done < bytes.length;) {
          const at = lsnFromBigint(start + BigInt(done))
          const number = walSegmentNumber(at, segmentBytes)
          const offset = Number(at - walSegmentStart(number, segmentBytes))
          const count = Math.min(bytes.length - done, segmentBytes - offset)
          if (current?.number !== number || current.timeline !== timeline) {
            await leave()
            current = await enter(timeline, number)
          }
          if (offset !== current.filledBytes) {
            const expected = walSegmentStart(number, segmentBytes) + BigInt(current.filledBytes)
            throw new EngineError(
              'wal.damaged',
              `the server sent WAL from ${formatLsn(at)} on where ${formatLsn(lsnFromBigint(expected))} was next`,
            )
          }
          await writeAll(current.file, bytes.subarray(done, done + count), offset)
          current.filledBytes += count
          receivedBytes += count
          done += count
          if (current.filledBytes === segmentBytes) await complete()
        }
      } catch (thrown) {
        throw mapFileError(thrown, directory, 'write WAL into')
      }
    },
    async writeHistory(name, text) {
      if (findTimelineOfHistoryFile(name) === undefined) return
      const file = place(name)
      const known = await readFile(file, 'utf8').catch((thrown: unknown) => {
        if (isMissing(thrown)) return undefined
        throw mapFileError(thrown, file, 'read')
      })
      if (known === undefined) await writeFileDurably(file, text, { mode: FILE_MODE })
      else if (known !== text) {
        throw new EngineError('wal.conflict', `the archive has another ${name} than the server`, {
          hint: 'Two servers of this cluster have begun the same timeline; give one of them an instance of its own.',
          facts: { path: file },
        })
      }
    },
    async sync() {
      if (current === undefined) return
      const { file, number, filledBytes } = current
      try {
        await file.sync()
      } catch (thrown) {
        throw mapFileError(thrown, directory, 'sync WAL in')
      }
      synced = lsnFromBigint(walSegmentStart(number, segmentBytes) + BigInt(filledBytes))
    },
    async finish() {
      try {
        await leave()
      } catch (thrown) {
        throw mapFileError(thrown, directory, 'sync WAL in')
      }
    },
    syncedTo: () => synced,
    unfinishedFrom: () => (current === undefined ? synced : walSegmentStart(current.number, segmentBytes)),
    get segmentCount() {
      return segmentCount
    },
    get receivedBytes() {
      return receivedBytes
    },
  }
}

/** For writing anywhere in it, without emptying one that is there. */
async function openKept(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r+')
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown
    return await open(file, 'wx', FILE_MODE)
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
  }
}

/** The same content as gzip, synced. What is left of a draft is taken over: only one receiver writes here. */
async function compressFile(from: string, to: string, level: number): Promise<void> {
  await unlink(to).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw thrown
  })
  const target = await open(to, 'wx', FILE_MODE)
  try {
    await pipeline(
      createReadStream(from),
      createGzip({ level }),
      async (packed: AsyncIterable<Uint8Array>) => {
        let at = 0
        for await (const chunk of packed) {
          await writeAll(target, chunk, at)
          at += chunk.length
        }
      },
    )
    await target.sync()
  } finally {
    await target.close()
  }
}

/** What tells a whole segment from its form in the archive; undefined = nothing. Reads both in pieces. */
async function findDifference(
  segment: string,
  archived: string,
  segmentBytes: number,
): Promise<string | undefined> {
  const own = await open(segment, 'r')
  try {
    let at = 0
    const raw = createReadStream(archived)
    const source = archived.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
    // A pipe does not hand errors on.
    raw.on('error', (thrown) => source.destroy(thrown))
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const bytes = Buffer.alloc(chunk.length)
      const { bytesRead } = await own.read(bytes, 0, chunk.length, at)
      if (bytesRead < chunk.length || !bytes.equals(chunk)) return `it differs after byte ${at}`
      at += chunk.length
    }
    return at === segmentBytes ? undefined : `it has ${at} bytes instead of ${segmentBytes}`
  } catch (thrown) {
    return `it cannot be read: ${describeError(thrown)}`
  } finally {
    await own.close()
  }
}

async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    (thrown: unknown) => {
      if (isMissing(thrown)) return false
      throw thrown
    },
  )
}
