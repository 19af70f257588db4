import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'

/** The programs of one installed server. */
export type PostgresPrograms = {
  /** Absolute; holds `postgres`. */
  readonly directory: string
  readonly major: number
  /** `15.18` */
  readonly versionText: string
}

const VERSION_TIMEOUT_MS = 10_000

/**
 * The programs of a server of that major version: in `directory` when it is given, else wherever `PATH` or the packages
 * of the usual systems put them.
 *
 * @throws {EngineError} `server.unsupported` when `directory` holds another version; `storage.not-found` when there is
 * none at all, naming where it was looked for.
 */
export async function findPostgresPrograms(
  wanted: {
    readonly major: number
    readonly directory?: string | undefined
    readonly env: Readonly<Record<string, string | undefined>>
  },
  { signal }: { readonly signal: AbortSignal },
): Promise<PostgresPrograms> {
  const { major, directory, env } = wanted
  const places = directory === undefined ? usualPlaces(major, env) : [path.resolve(directory)]
  for (const place of places) {
    const versionText = await findProgramVersion(place, signal)
    if (versionText === undefined) continue
    if (Number.parseInt(versionText, 10) === major) return { directory: place, major, versionText }
    if (directory === undefined) continue
    throw new EngineError('server.unsupported', `"${place}" holds PostgreSQL ${versionText}, not ${major}`, {
      hint: `Name the directory with the programs of PostgreSQL ${major}.`,
      facts: { path: place },
    })
  }
  throw new EngineError('storage.not-found', `no programs of PostgreSQL ${major} were found`, {
    hint: `Install the server of PostgreSQL ${major} on this machine, or name the directory that holds its programs. Looked in: ${places.join(', ')}.`,
  })
}

/** The path of one of the programs. */
export function programPath({ directory }: PostgresPrograms, name: string): string {
  return path.join(directory, process.platform === 'win32' ? `${name}.exe` : name)
}

/** `PATH` first, then where the packages of Debian, Red Hat, Homebrew, and the sources put a version. */
function usualPlaces(major: number, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const onPath = (env['PATH'] ?? '').split(path.delimiter).filter((place) => path.isAbsolute(place))
  const packages =
    process.platform === 'win32'
      ? [path.join(env['ProgramFiles'] ?? 'C:\\Program Files', 'PostgreSQL', String(major), 'bin')]
      : [
          `/usr/lib/postgresql/${major}/bin`,
          `/usr/pgsql-${major}/bin`,
          `/opt/homebrew/opt/postgresql@${major}/bin`,
          `/usr/local/opt/postgresql@${major}/bin`,
          '/usr/local/pgsql/bin',
        ]
  return [...new Set([...onPath, ...packages])]
}

/** The version of the `postgres` in a directory, as it says itself; undefined where there is none that runs. */
export async function findProgramVersion(place: string, signal: AbortSignal): Promise<string | undefined> {
  const program = path.join(place, process.platform === 'win32' ? 'postgres.exe' : 'postgres')
  if (!existsSync(program)) return undefined
  return await new Promise((resolve, reject) => {
    execFile(program, ['--version'], { timeout: VERSION_TIMEOUT_MS, signal }, (thrown, output) => {
      if (signal.aborted) reject(signal.reason as Error)
      // What does not even tell its version is none of ours.
      else resolve(thrown === null ? /\(PostgreSQL\) (\d+\S*)/.exec(output)?.[1] : undefined)
    })
  })
}
