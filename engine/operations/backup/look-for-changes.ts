import { closeSync, openSync, readSync } from 'node:fs'
import type { Lsn } from '../../base/lsn.ts'
import { PAGE_BYTES, pageLsn } from '../../format/page-header.ts'
import { mapFileError } from '../../host/file-error.ts'
import type { Task, TaskContext } from '../steps/worker-pool.ts'

type Input = {
  readonly files: readonly string[]
  readonly after: Lsn
  readonly upTo: Lsn
}

type Found = 'unchanged' | 'changed' | 'vanished'

const PAGES_PER_READ = 32

/**
 * Reads data files and says of each whether a page in it was changed after the one LSN and up to the other. Between the
 * starts of two backups that means: by a write that was over when the second one listed the file. What is younger was
 * written while the backup runs, and WAL brings it.
 */
export const lookForChanges: Task<Input, readonly Found[]> = {
  name: 'backup.look-for-changes',
  run: (input, context) => {
    const buffer = new Uint8Array(PAGES_PER_READ * PAGE_BYTES)
    return input.files.map((file) => lookInto(file, input, buffer, context))
  },
}

function lookInto(file: string, { after, upTo }: Input, buffer: Uint8Array, context: TaskContext): Found {
  let source: number
  try {
    source = openSync(file, 'r')
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return 'vanished'
    throw mapFileError(thrown, file, 'open')
  }
  try {
    for (let offset = 0; ;) {
      context.throwIfCancelled()
      const readBytes = readSync(source, buffer, 0, buffer.length, offset)
      for (let at = 0; at + PAGE_BYTES <= readBytes; at += PAGE_BYTES) {
        const lsn = pageLsn(buffer.subarray(at, at + PAGE_BYTES))
        if (lsn > after && lsn <= upTo) return 'changed'
      }
      if (readBytes === 0) return 'unchanged'
      offset += readBytes
    }
  } catch (thrown) {
    throw mapFileError(thrown, file, 'read')
  } finally {
    closeSync(source)
  }
}
