import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { syncDirectory, writeFileDurably } from '../host/durable-file.ts'
import { mapFileError } from '../host/file-error.ts'

/** Where received WAL is written. Calls come one after the other. */
export type WalDirectory = {
  /** Bytes that follow on those written before, or that begin a segment again. */
  write(timeline: Timeline, start: Lsn, bytes: Uint8Array): Promise<void>
  writeHistory(name: string, text: string): Promise<void>
  /** Makes durable what was written so far. */
  sync(): Promise<void>
  /** Syncs and closes what is open. */
  finish(): Promise<void>
  /** Up to where everything is durable. */
  syncedTo(): Lsn | undefined
  /** The start of the segment being written, from which receiving must go on after a break. */
  unfinishedFrom(): Lsn | undefined
}

/**
 * Files of full segment size under their final names, as a restored server wants them. A segment is synced when it is
 * complete.
 */
export function openWalDirectory(directory: string, segmentBytes: number): WalDirectory {
  let current:
    { readonly number: bigint; readonly timeline: Timeline; readonly file: FileHandle; end: Lsn } | undefined
  let synced: Lsn | undefined

  const close = async (): Promise<void> => {
    if (current === undefined) return
    const { file, number } = current
    current = undefined
    try {
      try {
        await file.sync()
        synced = walSegmentStart(number + 1n, segmentBytes)
      } finally {
        await file.close()
      }
      await syncDirectory(directory)
    } catch (thrown) {
      throw mapFileError(thrown, directory, 'sync WAL in')
    }
  }

  const fileFor = async (timeline: Timeline, number: bigint): Promise<FileHandle> => {
    if (current?.number === number && current.timeline === timeline) return current.file
    await close()
    const target = path.join(directory, walSegmentName({ timeline, number }, segmentBytes))
    const file = await open(target, 'w', 0o600)
    current = { number, timeline, file, end: walSegmentStart(number, segmentBytes) }
    await file.truncate(segmentBytes)
    return file
  }

  return {
    async write(timeline, start, bytes) {
      try {
        for (let done = 0; done < bytes.length;) {
          const at = lsnFromBigint(start + BigInt(done))
          const number = walSegmentNumber(at, segmentBytes)
          const offset = Number(at - walSegmentStart(number, segmentBytes))
          const count = Math.min(bytes.length - done, segmentBytes - offset)
          const file = await fileFor(timeline, number)
          for (let written = 0; written < count;) {
            const { bytesWritten } = await file.write(
              bytes,
              done + written,
              count - written,
              offset + written,
            )
            written += bytesWritten
          }
          done += count
          if (current !== undefined) current.end = lsnFromBigint(at + BigInt(count))
          if (offset + count === segmentBytes) await close()
        }
      } catch (thrown) {
        throw mapFileError(thrown, directory, 'write WAL into')
      }
    },
    async writeHistory(name, text) {
      const safe = /^[0-9A-F]{8}\.history$/.test(name) ? name : undefined
      if (safe === undefined) return
      await writeFileDurably(path.join(directory, safe), text, { mode: 0o600 })
    },
    async sync() {
      if (current === undefined) return
      const { file, end } = current
      try {
        await file.sync()
        await syncDirectory(directory)
      } catch (thrown) {
        throw mapFileError(thrown, directory, 'sync WAL in')
      }
      synced = end
    },
    finish: close,
    syncedTo: () => synced,
    unfinishedFrom: () => (current === undefined ? synced : walSegmentStart(current.number, segmentBytes)),
  }
}
