import { readFileSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Log } from '../base/log.ts'

type Wanted = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/**
 * The password for a connection from the password file, as libpq looks it up. A file that others may read is not used.
 * Source: PostgreSQL manual, "The Password File".
 */
export function findPassword(
  wanted: Wanted,
  env: Readonly<Record<string, string | undefined>>,
  log: Log,
): string | undefined {
  const home = env['HOME'] ?? os.homedir()
  const file =
    env['PGPASSFILE'] ??
    (process.platform === 'win32'
      ? path.join(env['APPDATA'] ?? home, 'postgresql', 'pgpass.conf')
      : path.join(home, '.pgpass'))
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined || !stats.isFile()) return undefined
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    log.warning(`the password file "${file}" is not used: others may read it (chmod 0600)`)
    return undefined
  }
  return findInPasswordFile(readFileSync(file, 'utf8'), wanted)
}

/** The first line that fits: host, port, database, user, password; `*` fits anything, a backslash quotes. */
export function findInPasswordFile(text: string, wanted: Wanted): string | undefined {
  // libpq looks connections over a socket up under this name.
  const host = wanted.host.startsWith('/') ? 'localhost' : wanted.host
  const values = [host, String(wanted.port), wanted.database, wanted.user]
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const fields = splitFields(line)
    if (fields.length < 5) continue
    const fits = values.every((value, index) => fields[index] === '*' || fields[index] === value)
    if (fits) return fields[4]
  }
  return undefined
}

/** Fields between colons, with `\:` and `\\` taken as they are meant; the fifth is the rest up to the next colon. */
function splitFields(line: string): string[] {
  const fields = ['']
  for (let index = 0; index < line.length; index++) {
    const character = line[index]
    if (character === '\\' && index + 1 < line.length) fields.push((fields.pop() ?? '') + line[++index])
    else if (character === ':') fields.push('')
    else fields.push((fields.pop() ?? '') + character)
  }
  return fields
}
