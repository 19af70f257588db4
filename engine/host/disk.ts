import { stat, statfs } from 'node:fs/promises'
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

/** Whether two files are or will be on one file system; false where that cannot be told. */
export async function areOnOneDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([deviceOf(one), deviceOf(other)])
  return first !== undefined && first === second
}

async function deviceOf(file: string): Promise<number | undefined> {
  for (let at = file; ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (found !== undefined) return found.dev
    if (at === path.dirname(at)) return undefined
  }
}
