import { EngineError } from '../base/engine-error.ts'

/** Where a tablespace lies on the server. */
export type TablespaceMapEntry = {
  readonly oid: number
  /** The target of the link `pg_tblspc/<oid>`. */
  readonly path: string
}

/**
 * Reads `tablespace_map`: a line `<oid> <path>` per tablespace. A backslash takes the meaning from a line end, carriage
 * return or backslash that belongs to a path.
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `read_tablespace_map`.
 *
 * @throws {EngineError} `format.damaged`
 */
export function parseTablespaceMap(text: string): readonly TablespaceMapEntry[] {
  const entries: TablespaceMapEntry[] = []
  let line = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === '\\') line += text[++at] ?? ''
    else if (char === '\n' || char === '\r') line = take(line, entries)
    else line += char
  }
  take(line, entries)
  return entries
}

function take(line: string, entries: TablespaceMapEntry[]): '' {
  if (line === '') return ''
  const parts = /^(?<oid>\d{1,10}) (?<path>.+)$/s.exec(line)?.groups
  if (parts === undefined) {
    throw new EngineError('format.damaged', `the tablespace map has the line "${line}"`)
  }
  entries.push({ oid: Number(parts['oid']), path: parts['path'] ?? '' })
  return ''
}

/** Writes what {@link parseTablespaceMap} and the server read. */
export function formatTablespaceMap(entries: readonly TablespaceMapEntry[]): string {
  return entries.map(({ oid, path }) => `${oid} ${path.replace(/[\n\r\\]/g, '\\$&')}\n`).join('')
}
