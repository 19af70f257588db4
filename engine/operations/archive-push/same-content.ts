import { open } from 'node:fs/promises'
import { EngineError } from '../../base/engine-error.ts'
import { mapFileError } from '../../host/file-error.ts'
import { isNotUnpackable, openArchived } from '../steps/open-archived.ts'

const MOST_CHUNK_BYTES = 1 << 20

/** A file of the archive held against the one that is to be pushed. `damaged`: it cannot be unpacked, or is no file. */
export type Comparison = 'absent' | 'same' | 'different' | 'damaged'

/** Compares byte by byte, what is compressed as it was before. Reads no further than the first difference. */
export async function compareWithArchived(
  file: string,
  archived: { readonly file: string; readonly isCompressed: boolean },
  signal: AbortSignal,
): Promise<Comparison> {
  const opened = await openArchived(archived.file, archived.isCompressed, signal).catch(
    (thrown: unknown): 'damaged' => {
      if (thrown instanceof EngineError && thrown.code === 'wal.damaged') return 'damaged'
      throw thrown
    },
  )
  if (opened === undefined) return 'absent'
  if (opened === 'damaged') return opened
  using content = opened
  await using source = await open(file, 'r').catch((thrown: unknown) => {
    throw mapFileError(thrown, file, 'read')
  })
  const expected = Buffer.allocUnsafe(MOST_CHUNK_BYTES)
  let position = 0
  try {
    for await (const chunk of content.chunks) {
      const { bytesRead } = await source.read(expected, 0, chunk.length, position)
      if (!chunk.equals(expected.subarray(0, bytesRead))) return 'different'
      position += bytesRead
    }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    if (isNotUnpackable(thrown)) return 'damaged'
    throw mapFileError(thrown, archived.file, 'read')
  }
  return (await source.stat()).size === position ? 'same' : 'different'
}
