import { parseIni } from './ini.ts'
import {
  CONFIG_KEYS,
  type ConfigKey,
  findConfigKey,
  formatConfigLine,
  type InstanceConfig,
  parseInstanceConfig,
} from './instance-config.ts'

/** A line of a file that is changed: it stays, it goes, or it is new. Without its end. */
export type EditedLine = { readonly kind: 'same' | 'gone' | 'new'; readonly text: string }

type Line = EditedLine & {
  /** The row of the key that stands there; undefined for comments and for keys that are not known. */
  readonly row: ConfigKey | undefined
}

const RANKS: ReadonlyMap<string, number> = new Map(CONFIG_KEYS.map(({ key }, rank) => [key, rank]))
const GROUPS: readonly string[] = [...new Set(CONFIG_KEYS.map(({ group }) => group))]

/**
 * What has to be changed in the text of a `pg_probackup.conf` so that it says `next`. Comments, keys that are not known
 * and values that stay are not touched, though pg_probackup itself drops comments and stops at keys that it does not know.
 * A file as that tool writes it becomes again such a file.
 *
 * @throws {EngineError} `format.damaged` for a text that cannot be read
 */
export function editInstanceConfig(content: string, next: InstanceConfig): readonly EditedLine[] {
  const { values } = parseInstanceConfig(content)
  const rows = CONFIG_KEYS.filter(({ key, isStored }) => isStored && valueIn(next, key) !== values[key])
  const lines = changeInPlace(content, next, new Set(rows.map(({ key }) => key)))
  for (const row of rows) {
    const value = valueIn(next, row.key)
    const isThere = lines.some((line) => line.kind === 'new' && line.row === row)
    if (value !== undefined && !isThere) insert(lines, row, formatConfigLine(row, value))
  }
  return dropEmptyHeaders(lines).map(({ kind, text }) => ({ kind, text }))
}

/** The text that an edit leads to. */
export function editedText(lines: readonly EditedLine[]): string {
  return lines
    .filter(({ kind }) => kind !== 'gone')
    .map(({ text }) => `${text}\n`)
    .join('')
}

/** An empty value is none. */
function valueIn({ values }: InstanceConfig, key: string): string | undefined {
  const value = values[key]
  return value === '' ? undefined : value
}

/** Takes out what changes. Of a key that stands there several times the last one counted: there the new value comes. */
function changeInPlace(content: string, next: InstanceConfig, changed: ReadonlySet<string>): Line[] {
  const texts = content.split('\n')
  if (texts.at(-1) === '') texts.pop()
  const found = new Map(parseIni(content).map((one) => [one.line, one]))
  const lastLines = new Map([...found.values()].map(({ key, line }) => [key, line]))
  return texts.flatMap((text, index): readonly Line[] => {
    const assigned = found.get(index + 1)
    const row = assigned === undefined ? undefined : findConfigKey(assigned.key)
    if (assigned === undefined || row === undefined || !changed.has(row.key))
      return [{ kind: 'same', text, row }]
    const gone: Line = { kind: 'gone', text, row }
    const value = valueIn(next, row.key)
    if (value === undefined || lastLines.get(row.key) !== index + 1) return [gone]
    const comment = assigned.comment === '' ? '' : ` ${assigned.comment.trimEnd()}`
    return [gone, { kind: 'new', text: formatConfigLine(row, value) + comment, row }]
  })
}

/** Puts a new key where the table has it, below the comment of its group, which is written where it is missing. */
function insert(lines: Line[], row: ConfigKey, text: string): void {
  const line: Line = { kind: 'new', text, row }
  const before = lines.findLastIndex((one) => one.row?.group === row.group && rankOf(one.row) < rankOf(row))
  if (before !== -1) {
    lines.splice(before + 1, 0, line)
    return
  }
  const after = lines.findIndex((one) => one.row?.group === row.group && rankOf(one.row) > rankOf(row))
  const header = lines.findIndex((one) => groupOf(one) === row.group)
  if (after !== -1 || header !== -1) {
    lines.splice(after === -1 ? header + 1 : after, 0, line)
    return
  }
  const group = GROUPS.indexOf(row.group)
  const place = (one: Line): number =>
    one.row === undefined ? GROUPS.indexOf(groupOf(one) ?? '') : GROUPS.indexOf(one.row.group)
  const earlier = lines.findLastIndex((one) => place(one) !== -1 && place(one) < group)
  const later = lines.findIndex((one) => place(one) > group)
  const at = earlier !== -1 ? earlier + 1 : later !== -1 ? later : lines.length
  lines.splice(at, 0, { kind: 'new', text: `# ${row.group}`, row: undefined }, line)
}

/** Takes out the comment of a group of which the edit has taken out everything. */
function dropEmptyHeaders(lines: readonly Line[]): readonly Line[] {
  return lines.map((line, index) => {
    if (line.kind !== 'same' || groupOf(line) === undefined) return line
    const rest = lines.slice(index + 1)
    const next = rest.findIndex((one) => groupOf(one) !== undefined)
    const members = next === -1 ? rest : rest.slice(0, next)
    const isEmptied = members.length > 0 && members.every(({ kind }) => kind === 'gone')
    return isEmptied ? { ...line, kind: 'gone' } : line
  })
}

/** The group whose comment a line is. */
function groupOf({ text, row }: Line): string | undefined {
  const name = row === undefined && text.trim().startsWith('#') ? text.trim().slice(1).trim() : undefined
  return name !== undefined && GROUPS.includes(name) ? name : undefined
}

function rankOf({ key }: ConfigKey): number {
  return RANKS.get(key) ?? 0
}
