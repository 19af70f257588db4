import { EngineError } from '../base/engine-error.ts'
import { parseCInteger } from './scalars.ts'

/**
 * Values of `pg_probackup.conf` that carry a unit. Without one, a number counts in the base unit of its key.
 * Source: `catalog-format.md` sections 14.3 and 15.
 */
export type BaseUnit = 'seconds' | 'milliseconds' | 'kilobytes'

/** Largest first; names are case-sensitive. Sizes are in parts of the base: thousandths for seconds. */
const DURATIONS = [
  ['d', 86_400_000n],
  ['h', 3_600_000n],
  ['min', 60_000n],
  ['s', 1000n],
  ['ms', 1n],
] as const
const SIZES = [
  ['TB', 1n << 30n],
  ['GB', 1n << 20n],
  ['MB', 1n << 10n],
  ['kB', 1n],
] as const

/** How much of a table's smallest unit one base unit is. */
const BASES = {
  seconds: { units: DURATIONS, size: 1000n },
  milliseconds: { units: DURATIONS, size: 1n },
  kilobytes: { units: SIZES, size: 1n },
} as const satisfies Record<BaseUnit, unknown>

/**
 * Reads a number with an optional unit into base units; what is less than a base unit is cut off.
 * Numbers may be hexadecimal or octal.
 *
 * @throws {EngineError} `format.damaged` for an unknown unit, a fraction or a negative value.
 */
export function parseWithUnit(text: string, base: BaseUnit): bigint {
  const parts = /^(?<number>0x[0-9a-f]+|\d+)\s*(?<unit>[A-Za-z]*)$/i.exec(text.trim())?.groups
  const { units, size } = BASES[base]
  const unit = parts?.['unit'] ?? ''
  const factor = unit === '' ? size : units.find(([name]) => name === unit)?.[1]
  if (parts === undefined || factor === undefined) {
    throw new EngineError('format.damaged', `"${text}" is not a number with a unit`, {
      hint: `Write a whole number, with one of these units if need be: ${units.map(([name]) => name).join(', ')}.`,
    })
  }
  return (parseCInteger(parts['number'] ?? '') * factor) / size
}

/** A duration in seconds or milliseconds; see {@link parseWithUnit}. */
export function parseDuration(text: string, base: 'seconds' | 'milliseconds'): number {
  return Number(parseWithUnit(text, base))
}

/** A size in kilobytes of 1024 bytes; see {@link parseWithUnit}. */
export function parseSize(text: string): number {
  return Number(parseWithUnit(text, 'kilobytes'))
}

/** Writes a number of base units with the largest unit that divides it evenly: 300 seconds are "5min", nothing is "0d". */
export function scaleUnits(value: number | bigint, base: BaseUnit): string {
  const { units, size } = BASES[base]
  const total = BigInt(value) * size
  const [name, factor] = units.find(([, unitSize]) => total % unitSize === 0n) ?? ['', size]
  return `${total / factor}${name}`
}
