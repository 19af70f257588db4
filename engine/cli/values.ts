import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'

/** Units of time in the spelling of the tool's family, in milliseconds. Units are case-sensitive. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Units of size, in kilobytes of 1024 bytes. */
const SIZE_UNITS: Readonly<Record<string, number>> = {
  kB: 1,
  KB: 1,
  MB: 1024,
  GB: 1024 ** 2,
  TB: 1024 ** 3,
}

/** A unit that a bare number is taken in. */
export type TimeUnit = 'ms' | 's' | 'min' | 'h' | 'd'

/**
 * Reads a whole number in C notation: decimal, `0x` hexadecimal, or octal with a leading zero.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseInteger(text: string): number {
  const value = /^0x[0-9a-f]+$/i.test(text)
    ? Number.parseInt(text, 16)
    : /^0[0-7]+$/.test(text)
      ? Number.parseInt(text, 8)
      : /^(0|[1-9][0-9]*)$/.test(text)
        ? Number(text)
        : Number.NaN
  if (!Number.isSafeInteger(value))
    throw malformed(`"${text}" is not a whole number`, 'Write it in digits, for example 4.')
  return value
}

/**
 * Reads a length of time, `20d` or `90`, as milliseconds. A number without a unit is taken in `bareUnit`.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseDurationMs(text: string, bareUnit: TimeUnit): number {
  return parseWithUnit(text, TIME_UNITS, bareUnit, 'ms, s, min, h and d')
}

/**
 * Reads a size, `10MB` or `512`, as kilobytes of 1024 bytes; a number without a unit is kilobytes.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseKilobytes(text: string): number {
  return parseWithUnit(text, SIZE_UNITS, 'kB', 'kB, MB, GB and TB')
}

/**
 * Finds the one of `choices` that `text` spells or begins, whatever its case.
 *
 * @throws {EngineError} `value.malformed` when none or more than one does.
 */
export function parseChoice(text: string, choices: readonly string[]): string {
  const wanted = text.trim().toLowerCase()
  const exact = choices.find((choice) => choice.toLowerCase() === wanted)
  if (exact !== undefined) return exact
  const begun = wanted === '' ? [] : choices.filter((choice) => choice.toLowerCase().startsWith(wanted))
  const [only] = begun
  if (only === undefined || begun.length > 1) {
    throw malformed(
      `"${text}" is ${begun.length > 1 ? 'more than one' : 'none'} of ${choices.join(', ')}`,
      `Write one of ${choices.join(', ')}.`,
    )
  }
  return only
}

/**
 * Reads true/false, yes/no, on/off, 1/0 and what unmistakably begins them.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseBoolean(text: string): boolean {
  const wanted = text.trim().toLowerCase()
  const begins = (word: string, shortest: number): boolean =>
    wanted.length >= shortest && word.startsWith(wanted)
  if (wanted === '1' || begins('true', 1) || begins('yes', 1) || wanted === 'on') return true
  if (wanted === '0' || begins('false', 1) || begins('no', 1) || begins('off', 2)) return false
  throw malformed(`"${text}" is neither true nor false`, 'Write true or false.')
}

/**
 * Reads `OLD=NEW`. An equals sign that belongs to a path is written `\=`.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseMapping(text: string): { readonly from: string; readonly to: string } {
  const parts = text.split(/(?<!\\)=/).map((part) => part.replaceAll('\\=', '='))
  const [from, to] = parts
  if (parts.length !== 2 || from === undefined || to === undefined || from === '' || to === '') {
    throw malformed(`"${text}" is not of the form OLD=NEW`, 'Write an equals sign inside a path as \\=.')
  }
  if (!to.startsWith('/')) throw notAbsolute(to)
  return { from: trimSlashes(from), to: trimSlashes(to) }
}

/**
 * Reads an absolute path; slashes at its end go.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parsePath(text: string): string {
  if (!text.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(text)) {
    throw notAbsolute(text)
  }
  if (text.includes('\0')) throw malformed('a path holds a null byte')
  return trimSlashes(text)
}

/**
 * Reads absolute paths joined by `:`; `none` is no path at all.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parsePathList(text: string): readonly string[] {
  if (text.toLowerCase() === 'none') return []
  return text
    .split(':')
    .filter((part) => part !== '')
    .map(parsePath)
}

function parseWithUnit(
  text: string,
  units: Readonly<Record<string, number>>,
  bareUnit: string,
  known: string,
): number {
  const [, digits = '', unit = ''] = /^(0x[0-9a-f]+|[0-9]+)\s*([A-Za-z]*)$/i.exec(text.trim()) ?? []
  const factor = units[unit === '' ? bareUnit : unit]
  if (digits === '')
    throw malformed(`"${text}" does not begin with a whole number`, `Write a number and a unit: ${known}.`)
  if (factor === undefined || !Object.hasOwn(units, unit === '' ? bareUnit : unit)) {
    throw malformed(`"${text}" has an unknown unit`, `The units are ${known}.`)
  }
  const value = parseInteger(digits) * factor
  if (!Number.isSafeInteger(value)) throw malformed(`"${text}" is too large`, 'Write a smaller number.')
  return value
}

function trimSlashes(text: string): string {
  return text.length > 1 ? text.replace(/(?<=.)\/+$/, '') : text
}

/** Nothing is guessed: from where a server or a scheduler runs a command, another directory may be meant. */
function notAbsolute(text: string): EngineError {
  const meant = text.startsWith('~')
    ? 'The shell has left the ~ as it is: write the home directory out.'
    : `Write it in full; seen from here it is ${path.resolve(text)}.`
  return malformed(`"${text}" is not an absolute path`, meant)
}

function malformed(message: string, hint?: string): EngineError {
  return new EngineError('value.malformed', message, { hint })
}
