import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, statSync, lstatSync } from 'node:fs'
import path from 'node:path'

/** The comment that a restore adds has its time in it. */
const WITHOUT_COMMENTS = 'postgresql.auto.conf'

/**
 * One line for each thing that differs between two directories that no server was started on: names, kinds, modes,
 * contents. Links are followed, so that a tablespace counts as a part.
 */
export function compareTrees(expected: string, found: string): readonly string[] {
  const before = describeTree(expected)
  const after = describeTree(found)
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name}: ${after.get(name) ?? 'is missing'} instead of ${before.get(name) ?? 'nothing'}`)
}

function describeTree(root: string): ReadonlyMap<string, string> {
  const lines = new Map<string, string>()
  const walk = (at: string): void => {
    for (const name of readdirSync(path.join(root, at))) {
      const relative = path.join(at, name)
      const absolute = path.join(root, relative)
      const stats = statSync(absolute)
      const kind = lstatSync(absolute).isSymbolicLink()
        ? `link to ${path.isAbsolute(readlinkSync(absolute))}, `
        : ''
      const mode = (stats.mode & 0o7777).toString(8)
      if (stats.isDirectory()) {
        lines.set(relative, `${kind}directory ${mode}`)
        walk(relative)
      } else {
        lines.set(relative, `${kind}file ${mode} ${stats.size} ${digest(absolute)}`)
      }
    }
  }
  walk('')
  return lines
}

function digest(file: string): string {
  const content = readFileSync(file)
  const hashed =
    path.basename(file) === WITHOUT_COMMENTS ? content.toString().replaceAll(/^#.*$/gm, '#') : content
  return createHash('md5').update(hashed).digest('hex')
}
