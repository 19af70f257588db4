import type { Task } from '../steps/worker-pool.ts'
import { copyDataFile } from './copy-data-file.ts'
import { copyControlFile, copyPlainFile } from './copy-plain-file.ts'
import type { CopiedFile, CopyFilesInput } from './file-copy.ts'

/** Copies a batch of files. A file that vanishes is an outcome; anything else that goes wrong ends the backup. */
export const copyFiles: Task<CopyFilesInput, readonly CopiedFile[]> = {
  name: 'backup.copy-files',
  run: (input, context) =>
    input.files.map((file) => {
      context.throwIfCancelled()
      switch (file.kind) {
        case 'data':
          return copyDataFile(file, input, context)
        case 'plain':
          return copyPlainFile(file, context)
        case 'control':
          return copyControlFile(file)
      }
    }),
}
