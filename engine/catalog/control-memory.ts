import { statSync } from 'node:fs'
import path from 'node:path'
import { type Backup, readControl } from './backup.ts'
import { CONTROL_FILE } from './paths.ts'

type Known = Pick<Backup, 'control' | 'problem'>
type Remembered = { readonly mark: string; readonly known: Known }

/** Control files that were read before. Asking a file system whether one has changed takes a tenth of reading it. */
export type ControlMemory = Map<string, Remembered>

/** Two catalogs of 20,000 backups, some 30 MB. */
const MOST_REMEMBERED = 40_000

/**
 * Time stamps of file systems are coarse: of a file that has just been written the next write may bear the same one, so
 * it is read again.
 */
const SETTLED_MS = 2000

/**
 * What {@link readControl} says, without reading a file that is the same by name, inode, size and time of change. For
 * previews: whatever acts on a catalog reads it.
 */
export function recallControl(memory: ControlMemory, directory: string, nowMs: number): Known {
  const file = path.join(directory, CONTROL_FILE)
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined) {
    memory.delete(directory)
    return readControl(directory)
  }
  const mark = `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}`
  const remembered = memory.get(directory)
  if (remembered?.mark === mark) return remembered.known
  const known = readControl(directory)
  if (memory.size >= MOST_REMEMBERED) memory.clear()
  if (known.control !== undefined && nowMs - stats.ctimeMs > SETTLED_MS)
    memory.set(directory, { mark, known })
  else memory.delete(directory)
  return known
}
