import { EngineError } from '../base/engine-error.ts'

/** The name of a database at the time of the backup. */
export type DatabaseMapEntry = { readonly oid: number; readonly name: string }

/**
 * Reads `database_map`, from which a partial restore knows the databases.
 *
 * @throws {EngineError} `format.damaged` naming the line.
 */
export function parseDatabaseMap(text: string): readonly DatabaseMapEntry[] {
  const entries: DatabaseMapEntry[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parts = /^\{"dbOid":"(?<oid>\d{1,10})", ?"datname":"(?<name>.*)"\}\s*$/.exec(line)?.groups
    if (parts === undefined) {
      throw new EngineError('format.damaged', `line ${index + 1} of the database map cannot be read`)
    }
    entries.push({ oid: Number(parts['oid']), name: parts['name'] ?? '' })
  }
  return entries
}

/**
 * Writes a `database_map`; `template0` and `template1` do not belong into it. Databases whose name holds a quote, comma
 * or line end are left out, because the format cannot say them: a partial restore then restores them whole.
 * Source: `catalog-format.md` section 4.7.
 */
export function formatDatabaseMap(entries: readonly DatabaseMapEntry[]): string {
  return entries
    .filter(({ name }) => name !== 'template0' && name !== 'template1' && !/[",\n\r]/.test(name))
    .map(({ oid, name }) => `{"dbOid":"${oid}", "datname":"${name}"}\n`)
    .join('')
}
