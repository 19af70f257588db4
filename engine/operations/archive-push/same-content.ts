import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { isMissing, mapFileError } from '../../host/file-error.ts'

const CHUNK_BYTES = 1 << 20

/** A file of the archive held against the one that is to be pushed. `damaged`: it cannot be unpacked. */
export type Comparison = 'absent' | 'same' | 'different' | 'damaged'

/** Compares byte by byte, what is compressed as it was before. Reads no further than the first difference. */
export async function compareWithArchived(
  file: string,
  archived: { readonly file: string; readonly isCompressed: boolean },
  signal: AbortSignal,
): Promise<Comparison> {
  const packed = createReadStream(archived.file, { highWaterMark: CHUNK_BYTES, signal })
  const unpacked = archived.isCompressed ? createGunzip({ chunkSize: 1 << 18 }) : undefined
  // A failure to read has to end the unpacking as well.
  if (unpacked !== undefined) packed.on('error', (error) => unpacked.destroy(error)).pipe(unpacked)
  try {
    await using source = await open(file, 'r')
    const expected = Buffer.allocUnsafe(CHUNK_BYTES)
    let position = 0
    for await (const chunk of (unpacked ?? packed) as AsyncIterable<Buffer>) {
      const { bytesRead } = await source.read(expected, 0, chunk.length, position)
      if (!chunk.equals(expected.subarray(0, bytesRead))) return 'different'
      position += bytesRead
    }
    return (await source.stat()).size === position ? 'same' : 'different'
  } catch (thrown) {
    if (signal.aborted) throw thrown
    const isOfSource = thrown instanceof Error && 'path' in thrown && thrown.path === file
    if (isMissing(thrown) && !isOfSource) return 'absent'
    if (isZlibError(thrown)) return 'damaged'
    throw mapFileError(thrown, isOfSource ? file : archived.file, 'read')
  } finally {
    packed.destroy()
    unpacked?.destroy()
  }
}

function isZlibError(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_')
}
