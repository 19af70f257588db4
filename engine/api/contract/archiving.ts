import * as z from 'zod'
import { command } from '../define.ts'
import { instanceRef, pathText } from './values.ts'

/** What was brought into the archive; `skippedCount` files were there already. */
export type PushedWal = { readonly pushedCount: number; readonly skippedCount: number }

/** Whether the file had been fetched ahead. */
export type GotWal = { readonly isPrefetched: boolean }

/** What a server says when it archives a file or asks for one. */
const serverCall = {
  ...instanceRef,
  /** `%f`: a segment, a history, or the notes of a backup. */
  fileName: z.string().max(64),
  /** Where the server runs its commands: its data directory. */
  workingDirectory: pathText,
  /** How many segments are done in one call. */
  batchSize: z.number().int().min(1).max(10_000),
  threads: z.number().int().min(1).max(64),
}

/** What `archive_command` and `restore_command` call. No jobs: a server waits for each of them, a thousand times a day. */
export const archiving = {
  /** Durable when it resolves. What is left out follows the instance's configuration. */
  'archiving.push': command<PushedWal>()(
    z.strictObject({
      ...serverCall,
      /** `%p`; absent = in `pg_wal` of the working directory. */
      filePath: pathText.optional(),
      compressAlgorithm: z.enum(['none', 'zlib', 'pglz', 'lz4', 'zstd']).optional(),
      compressLevel: z.number().int().min(0).max(22).optional(),
      /** Replaces what the archive has under that name. */
      overwrites: z.boolean(),
      /** Renames `.ready` to `.done` for the further files of a batch. */
      marksDone: z.boolean(),
      isSynced: z.boolean(),
      archiveTimeoutSeconds: z.number().min(0).optional(),
    }),
  ),
  /** Fails with `wal.missing` when the archive has no such file. */
  'archiving.get': command<GotWal>()(
    z.strictObject({
      ...serverCall,
      /** `%p` */
      filePath: pathText,
      prefetchDirectory: pathText.optional(),
      /** Whether segments that were fetched ahead are read before they are used. */
      isValidated: z.boolean(),
    }),
  ),
}
