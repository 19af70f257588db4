import { EngineError } from '../base/engine-error.ts'

/**
 * Single values as the options and control files of the format spell them. Source: `catalog-format.md` sections 3.2
 * and 4.2. Each throws {@link EngineError} `format.damaged` that quotes the value.
 */

/** An integer in C notation: decimal, `0x` for hexadecimal, a leading 0 for octal, a sign. */
export function parseCInteger(text: string): bigint {
  // Nearly every one, and a tenth of the time.
  if (/^[1-9]\d{0,17}$/.test(text)) return BigInt(text)
  const parts = /^(?<sign>[+-]?)(?:0x(?<hex>[0-9a-f]+)|(?<octal>0[0-7]*)|(?<decimal>[1-9]\d*))$/i.exec(
    text.trim(),
  )
  const groups = parts?.groups
  if (groups === undefined) throw malformed(text, 'an integer')
  const { sign, hex, octal, decimal } = groups
  const size =
    hex === undefined
      ? octal === undefined
        ? BigInt(decimal ?? '')
        : BigInt(`0o${octal}`)
      : BigInt(`0x${hex}`)
  return sign === '-' ? -size : size
}

/** An integer as {@link parseCInteger} reads it, within bounds. */
export function parseCNumber(text: string, least: number, most: number): number {
  const value = parseCInteger(text)
  if (value < BigInt(least) || value > BigInt(most))
    throw malformed(text, `a number from ${least} to ${most}`)
  return Number(value)
}

const TRUE_WORDS = ['true', 'yes', 'on', '1']
const FALSE_WORDS = ['false', 'no', 'off', '0']

/** A truth value: words or unambiguous beginnings of them, in any case. */
export function parseCBoolean(text: string): boolean {
  const word = text.toLowerCase()
  const isTrue = word !== '' && TRUE_WORDS.some((full) => full.startsWith(word))
  const isFalse = word !== '' && FALSE_WORDS.some((full) => full.startsWith(word))
  if (isTrue === isFalse) throw malformed(text, 'true or false')
  return isTrue
}

/** One of some words: the first that begins with the text, in any case. */
export function parseChoice<Word extends string>(text: string, words: readonly Word[]): Word {
  const given = text.toLowerCase()
  const found = given === '' ? undefined : words.find((word) => word.toLowerCase().startsWith(given))
  if (found === undefined) throw malformed(text, `one of ${words.join(', ')}`)
  return found
}

function malformed(text: string, wanted: string): EngineError {
  return new EngineError('format.damaged', `"${text}" is not ${wanted}`)
}
