import type { Task } from '../steps/worker-pool.ts'
import { copyDataFile } from './copy-data-file.ts'
import { copyControlFile, copyPlainFile } from './copy-plain-file.ts'
import type { CopiedFile, CopiedFiles, CopyFilesInput } from './file-copy.ts'

/** Copies a batch of files. A file that vanishes is an outcome; anything else that goes wrong ends the backup. */
export const copyFiles: Task<CopyFilesInput, CopiedFiles> = {
  name: 'backup.copy-files',
  run: (input, context) => {
    const tables: Uint8Array[] = []
    const files = input.files.map((file): CopiedFile => {
      context.throwIfCancelled()
      switch (file.kind) {
        case 'data':
          return copyDataFile(file, input, context, (table) => tables.push(table))
        case 'plain':
          return copyPlainFile(file, context)
        case 'control':
          return copyControlFile(file)
      }
    })
    return { files, headerTables: joined(tables) }
  },
}

/** In memory of its own: what is sent to another thread is copied with all that it is a view of. */
function joined(tables: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(tables.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const table of tables) {
    all.set(table, at)
    at += table.length
  }
  return all
}
