import { closeSync, openSync, readSync } from 'node:fs'
import { mapFileError } from '../../host/file-error.ts'
import { kernel } from '../../kernel/kernel.ts'
import type { Task } from './worker-pool.ts'

const CHUNK_BYTES = 256 << 10
const buffer = kernel.reserve(CHUNK_BYTES)

/** Reads files and gives the CRC-32C and size of each, in their order. */
export const checksumFiles: Task<
  readonly string[],
  readonly { readonly crc: number; readonly sizeBytes: number }[]
> = {
  name: 'steps.checksum-files',
  run: (files, context) =>
    files.map((file) => {
      try {
        const descriptor = openSync(file, 'r')
        try {
          let crc = 0
          let sizeBytes = 0
          for (;;) {
            context.throwIfCancelled()
            const readBytes = readSync(descriptor, buffer, 0, CHUNK_BYTES, sizeBytes)
            if (readBytes === 0) return { crc, sizeBytes }
            crc = kernel.crc32c(buffer.subarray(0, readBytes), crc)
            sizeBytes += readBytes
            context.addBytes(readBytes)
          }
        } finally {
          closeSync(descriptor)
        }
      } catch (thrown) {
        throw mapFileError(thrown, file, 'read')
      }
    }),
}
