import { statfs } from 'node:fs/promises'
import path from 'node:path'

/** Bytes that an ordinary user may still write where `file` is or will be; undefined where that cannot be told. */
export async function freeBytes(file: string): Promise<number | undefined> {
  for (let at = file; ; at = path.dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch {
      // Not there yet: its parent lies on the same file system.
      if (at === path.dirname(at)) return undefined
    }
  }
}
