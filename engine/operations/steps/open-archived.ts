import { createReadStream } from 'node:fs'
import { constants, createGunzip } from 'node:zlib'
import { EngineError } from '../../base/engine-error.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { openRegular } from '../../host/regular-file.ts'

const CHUNK_BYTES = 1 << 20
const UNPACKED_CHUNK_BYTES = 1 << 18

/** A file of the archive that is being read. Disposing ends that, wherever it is. */
export type ArchivedContent = Disposable & {
  /** At most a mebibyte each. Throws what reading or unpacking throws. */
  readonly chunks: AsyncIterable<Buffer>
}

/**
 * Opens a file of the archive, to be read once from its beginning and unpacked on the way; undefined when it is not there.
 *
 * @throws {EngineError} `wal.damaged` for what is no regular file; `storage.*`
 */
export async function openArchived(
  file: string,
  isCompressed: boolean,
  signal: AbortSignal,
): Promise<ArchivedContent | undefined> {
  const handle = await openRegular(file).catch((thrown: unknown): 'absent' => {
    if (isMissing(thrown)) return 'absent'
    throw mapFileError(thrown, file, 'read')
  })
  if (handle === 'absent') return undefined
  if (handle === undefined) {
    throw new EngineError('wal.damaged', `"${file}" is not a regular file`, {
      hint: 'Nothing but files of WAL belongs into the archive: see what made it, and remove it.',
      facts: { path: file },
    })
  }
  const stored = createReadStream(file, { fd: handle, highWaterMark: CHUNK_BYTES, signal })
  // Whoever wrote a partial segment may have been cut off; what there is of it counts.
  const finishFlush = file.endsWith('.partial') ? constants.Z_SYNC_FLUSH : constants.Z_FINISH
  const unpacked = isCompressed ? createGunzip({ chunkSize: UNPACKED_CHUNK_BYTES, finishFlush }) : undefined
  // A failure is thrown where the chunks are read, which may be later; until then it must not end the process.
  stored.on('error', (error) => unpacked?.destroy(error))
  unpacked?.on('error', () => undefined)
  return {
    chunks: unpacked === undefined ? stored : stored.pipe(unpacked),
    [Symbol.dispose]() {
      stored.destroy()
      unpacked?.destroy()
    },
  }
}

/** Whether what was thrown says that a file is not in gzip form, or cut off. */
export function isNotUnpackable(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_')
}
