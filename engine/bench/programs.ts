import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { measureCommand } from './measure.ts'

/** Where distributions put PostgreSQL's own programs, a directory for each version. */
const VERSIONED = [
  { parent: '/usr/lib/postgresql', bin: 'bin' },
  { parent: '/usr/local/pgsql', bin: 'bin' },
]

/** Where a program is, or why there is none. */
export type Found = { readonly file: string } | { readonly missing: string }

/** Looks a program up in `PATH`. */
export function findProgram(name: string): Found {
  for (const directory of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(directory, name)
    if (directory !== '' && existsSync(file)) return { file }
  }
  return { missing: `${name} is not installed` }
}

/**
 * Looks for one of PostgreSQL's programs beside the server, in `PATH`, and where packages put it.
 *
 * @param serves whether the program of that version works on the server
 */
export async function findServerProgram(
  name: string,
  binDirectory: string,
  serves: (major: number) => boolean,
  signal: AbortSignal,
): Promise<Found> {
  const places = [
    binDirectory,
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    ...versionedDirectories(),
  ]
  const others: number[] = []
  for (const place of places.filter(Boolean)) {
    const file = path.join(place, name)
    if (!existsSync(file)) continue
    const { out } = await measureCommand({ words: [file, '--version'] }, signal)
    const major = parseMajor(out)
    if (major === undefined) continue
    if (serves(major)) return { file }
    others.push(major)
  }
  return {
    missing:
      others.length === 0
        ? `${name} is not installed`
        : `${name} is there in version ${[...new Set(others)].join(', ')} only, which does not fit the server`,
  }
}

/** The major version in `pg_checksums (PostgreSQL) 17.2 (Debian …)`. */
export function parseMajor(text: string): number | undefined {
  const found = /\(PostgreSQL\) (\d+)/.exec(text)
  return found === null ? undefined : Number(found[1])
}

function versionedDirectories(): readonly string[] {
  return VERSIONED.flatMap(({ parent, bin }) =>
    existsSync(parent) ? readdirSync(parent).map((version) => path.join(parent, version, bin)) : [],
  )
}
