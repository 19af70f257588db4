/** What a configuration file of a server sets. */
export type ServerSettings = {
  /** The last value of each setting, by its name in small letters. */
  readonly values: ReadonlyMap<string, string>
  /** It takes in other files, which may set more. */
  readonly hasIncludes: boolean
}

const LINE = /^\s*([A-Za-z_][\w.]*)\s*(?:=\s*|(?<=\s)(?!=))('(?:[^'\\]|\\.|'')*'|[^\s#']+)/
const INCLUDES: ReadonlySet<string> = new Set(['include', 'include_if_exists', 'include_dir'])
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/**
 * Reads files of settings in the order in which a server reads them: later ones win. Lines that are no setting are passed
 * over, since a server would not start on them. Pure. Source: PostgreSQL `guc-file.l`.
 */
export function parseServerSettings(texts: readonly string[]): ServerSettings {
  const values = new Map<string, string>()
  let hasIncludes = false
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const [, name, value] = LINE.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    if (INCLUDES.has(name.toLowerCase())) hasIncludes = true
    else values.set(name.toLowerCase(), unquoted(value))
  }
  return { values, hasIncludes }
}

/** Source: PostgreSQL `guc-file.l`, `DeescapeQuotedString`. */
function unquoted(value: string): string {
  if (!value.startsWith("'")) return value
  return value
    .slice(1, -1)
    .replaceAll(/''|\\([0-7]{1,3}|.)/gs, (_, escaped: string | undefined) =>
      escaped === undefined
        ? "'"
        : /^[0-7]/.test(escaped)
          ? String.fromCharCode(Number.parseInt(escaped, 8) & 0xff)
          : (ESCAPES[escaped] ?? escaped),
    )
}

/** Whether a setting is on. A server takes any beginning of these words that leaves no doubt. Source: `bool.c`. */
export function isOn(value: string | undefined): boolean {
  const word = value?.toLowerCase() ?? ''
  return word !== '' && (['on', '1'].includes(word) || 'true'.startsWith(word) || 'yes'.startsWith(word))
}
