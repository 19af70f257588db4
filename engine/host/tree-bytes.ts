import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

/** As many files of a directory are looked at in one go. */
const AT_ONCE = 32

/**
 * Bytes of the files below a directory, as they would be freed with it; links are not followed. What goes meanwhile or cannot
 * be looked at counts nothing.
 *
 * @param endsAtMs of `performance.now()`: what was found until then is the answer
 */
export async function treeBytes(directory: string, endsAtMs: number, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted()
  let sum = 0
  const found = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const files = found.filter((one) => !one.isDirectory()).map(({ name }) => path.join(directory, name))
  for (let at = 0; at < files.length && performance.now() < endsAtMs; at += AT_ONCE) {
    signal.throwIfAborted()
    const sizes = files.slice(at, at + AT_ONCE).map(async (file) => {
      const stats = await lstat(file).catch(() => undefined)
      return stats?.nlink === 1 ? stats.size : 0
    })
    for (const size of await Promise.all(sizes)) sum += size
  }
  for (const one of found) {
    if (performance.now() >= endsAtMs) break
    if (one.isDirectory()) sum += await treeBytes(path.join(directory, one.name), endsAtMs, signal)
  }
  return sum
}
