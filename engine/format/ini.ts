import { EngineError } from '../base/engine-error.ts'

/**
 * The `key = value` grammar of `backup.control` and `pg_probackup.conf`. Source: `catalog-format.md` section 3.2.
 */

/** What fits into the line, key and value buffers of other readers, in bytes. */
const LONGEST_LINE = 4095
const LONGEST_KEY = 1023
const LONGEST_VALUE = 2047

/** One assignment. */
export type IniLine = {
  /** For comparing: lower case, `-` for `_`. */
  readonly key: string
  readonly rawKey: string
  /** Without its quotes; may be empty. */
  readonly value: string
  /** What stands behind the value, from its `#` on; may be empty. */
  readonly comment: string
  /** Counted from 1. */
  readonly line: number
}

type Quotes = 'doubled' | 'as-written'

const KEY_END = /[=#\s]/
const UNQUOTED_END = /[#\r\t\v]/

/**
 * Reads every assignment in order, repeated keys included.
 *
 * @param quotes `as-written` takes a value whose quotes do not come out even as it stands between the first and the last one
 *   of its line: the reference tool writes what is in `backup.control` without doubling them (`pgBackupWriteControl` of
 *   pg_probackup 2.5.16), and cannot read that back itself
 * @throws {EngineError} `format.damaged` naming the line.
 */
export function parseIni(text: string, quotes: Quotes = 'doubled'): readonly IniLine[] {
  const lines: IniLine[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const parsed = parseLine(raw, index + 1, quotes)
    if (parsed !== undefined) lines.push(parsed)
  }
  return lines
}

function parseLine(raw: string, line: number, quotes: Quotes): IniLine | undefined {
  if (isLonger(raw, LONGEST_LINE)) throw damaged(line, `is longer than ${LONGEST_LINE} bytes`)
  const text = raw.trim()
  if (text === '' || text.startsWith('#')) return undefined

  const keyEnd = text.search(KEY_END)
  const rawKey = keyEnd === -1 ? text : text.slice(0, keyEnd)
  const rest = text.slice(rawKey.length).trimStart()
  if (rawKey === '' || !rest.startsWith('=')) throw damaged(line, 'is not "key = value"')
  if (isLonger(rawKey, LONGEST_KEY)) throw damaged(line, `has a key of more than ${LONGEST_KEY} bytes`)

  const written = rest.slice(1).trimStart()
  const [value, after] =
    (quotes === 'as-written' ? takeUneven(written) : undefined) ?? takeValue(written, line)
  if (isLonger(value, LONGEST_VALUE)) throw damaged(line, `has a value of more than ${LONGEST_VALUE} bytes`)
  const behind = after.trimStart()
  if (behind !== '' && !behind.startsWith('#')) throw damaged(line, 'goes on after the value')
  return { key: normaliseKey(rawKey), rawKey, value, comment: behind, line }
}

/** A value with a quote inside that was not doubled; undefined for every other one. */
function takeUneven(text: string): readonly [string, string] | undefined {
  const isEven = /^'(?:[^']|'')*'\s*(?:#.*)?$/.test(text)
  return isEven || !/^'.*'$/.test(text) || text.length < 3 ? undefined : [text.slice(1, -1), '']
}

/** Splits text after the equals sign into the value and what follows it. */
function takeValue(text: string, line: number): readonly [string, string] {
  if (!text.startsWith("'")) {
    const end = text.search(UNQUOTED_END)
    return end === -1 ? [text, ''] : [text.slice(0, end).trimEnd(), text.slice(end)]
  }
  let value = ''
  for (let at = 1; ;) {
    const quote = text.indexOf("'", at)
    if (quote === -1) throw damaged(line, 'has a quote that is not closed')
    value += text.slice(at, quote)
    if (text[quote + 1] !== "'") return [value, text.slice(quote + 1)]
    value += "'"
    at = quote + 2
  }
}

/** The form in which keys are compared: case does not count, nor does the kind of dash. */
function normaliseKey(rawKey: string): string {
  return rawKey.toLowerCase().replace(/[_ ]/g, '-')
}

/**
 * A value in quotes. A quote inside is doubled, which every reader of the format understands; line ends become spaces,
 * for no reader could.
 *
 * @throws {EngineError} `format.unsupported` for a value that does not fit into other readers' buffers.
 */
export function quoteIni(value: string): string {
  const text = value.replace(/[\r\n]+/g, ' ').replaceAll('\0', '')
  if (isLonger(text, LONGEST_VALUE)) {
    throw new EngineError('format.unsupported', `a value is longer than ${LONGEST_VALUE} bytes`, {
      hint: 'Shorten it; other programs could not read the catalog.',
    })
  }
  return `'${text.replaceAll("'", "''")}'`
}

/** Counting bytes is only needed near the limit. */
function isLonger(text: string, limitBytes: number): boolean {
  return text.length * 3 > limitBytes && new TextEncoder().encode(text).length > limitBytes
}

function damaged(line: number, what: string): EngineError {
  return new EngineError('format.damaged', `line ${line} ${what}`, { facts: { line: String(line) } })
}
