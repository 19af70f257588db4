import { EngineError } from '../base/engine-error.ts'
import { type BaseUnit, parseWithUnit, scaleUnits } from './config-units.ts'
import { parseIni, quoteIni } from './ini.ts'
import { parseChoice, parseCInteger } from './scalars.ts'

/** What kind of value a key has. Numbers with a base unit are kept in it. */
type ConfigKind =
  | { readonly kind: 'text' }
  | { readonly kind: 'choice'; readonly words: readonly string[] }
  | { readonly kind: 'number'; readonly most: bigint; readonly unit?: BaseUnit }

/** One row of the table of keys. */
export type ConfigKey = {
  readonly key: string
  /** The comment under which the file and `show-config` list it. */
  readonly group: string
  readonly value: ConfigKind
  /** In the form in which values are kept; undefined when there is none, or it depends on the surroundings. */
  readonly defaultValue: string | undefined
  /** `add-instance` finds it out and `set-config` cannot change it. */
  readonly isFileOnly: boolean
  /** False for what `show-config` lists but only a command line can set. */
  readonly isStored: boolean
  /** gs_probackup does not know it, and stops at a file that has it. */
  readonly isProbackupOnly: boolean
}

/**
 * What `pg_probackup.conf` of an instance says. Only keys that stand in the file are there; choices are spelled in full
 * and numbers are decimal, in base units. Source: `catalog-format.md` section 15.
 */
export type InstanceConfig = { readonly values: Readonly<Record<string, string>> }

const MOST_U32 = 0xffff_ffffn
const MOST_U64 = 0xffff_ffff_ffff_ffffn

const text: ConfigKind = { kind: 'text' }
const u32: ConfigKind = { kind: 'number', most: MOST_U32 }
const u64: ConfigKind = { kind: 'number', most: MOST_U64 }
const seconds: ConfigKind = { kind: 'number', most: MOST_U32, unit: 'seconds' }
const milliseconds: ConfigKind = { kind: 'number', most: MOST_U64, unit: 'milliseconds' }
const kilobytes: ConfigKind = { kind: 'number', most: MOST_U64, unit: 'kilobytes' }
const logLevel: ConfigKind = {
  kind: 'choice',
  words: ['OFF', 'VERBOSE', 'LOG', 'INFO', 'WARNING', 'ERROR'],
}
const logFormat: ConfigKind = { kind: 'choice', words: ['PLAIN', 'JSON'] }
const algorithm: ConfigKind = { kind: 'choice', words: ['none', 'zlib', 'pglz', 'lz4', 'zstd'] }

type Row = readonly [key: string, value: ConfigKind, defaultValue?: string]

const GROUPS: readonly (readonly [group: string, rows: readonly Row[]])[] = [
  [
    'Backup instance information',
    [
      ['pgdata', text],
      ['system-identifier', u64],
      ['xlog-seg-size', u32, '16777216'],
      ['external-dirs', text],
    ],
  ],
  [
    'Connection parameters',
    [
      ['pgdatabase', text],
      ['pghost', text],
      ['pgport', text],
      ['pguser', text],
    ],
  ],
  [
    'Replica parameters',
    [
      ['master-db', text],
      ['master-host', text],
      ['master-port', text],
      ['master-user', text],
      ['replica-timeout', seconds, '300'],
    ],
  ],
  [
    'Archive parameters',
    [
      ['archive-timeout', seconds, '300'],
      ['archive-host', text],
      ['archive-port', text],
      ['archive-user', text],
      ['restore-command', text],
    ],
  ],
  [
    'Logging parameters',
    [
      ['log-level-console', logLevel, 'INFO'],
      ['log-level-file', logLevel, 'OFF'],
      ['log-format-console', logFormat, 'PLAIN'],
      ['log-format-file', logFormat, 'PLAIN'],
      ['log-filename', text, 'pg_probackup.log'],
      ['error-log-filename', text],
      ['log-directory', text],
      ['log-rotation-size', kilobytes, '0'],
      ['log-rotation-age', milliseconds, '0'],
    ],
  ],
  [
    'Retention parameters',
    [
      ['retention-redundancy', u32, '0'],
      ['retention-window', u32, '0'],
      ['wal-depth', u32, '0'],
    ],
  ],
  [
    'Compression parameters',
    [
      ['compress-algorithm', algorithm, 'none'],
      ['compress-level', { kind: 'number', most: 9n }, '1'],
    ],
  ],
  [
    'Remote access parameters',
    [
      ['remote-proto', text, 'ssh'],
      ['remote-host', text],
      ['remote-port', text],
      ['remote-path', text],
      ['remote-user', text],
      ['ssh-options', text],
      ['ssh-config', text],
    ],
  ],
]

const FILE_ONLY: ReadonlySet<string> = new Set(['system-identifier', 'xlog-seg-size'])
const NOT_STORED: ReadonlySet<string> = new Set(['log-format-console'])
const PROBACKUP_ONLY: ReadonlySet<string> = new Set([
  'master-db',
  'master-host',
  'master-port',
  'master-user',
  'replica-timeout',
  'log-format-console',
  'log-format-file',
])

/** Every key, in the order of the file and of `show-config`. */
export const CONFIG_KEYS: readonly ConfigKey[] = GROUPS.flatMap(([group, rows]) =>
  rows.map(([key, value, defaultValue]) => ({
    key,
    group,
    value,
    defaultValue,
    isFileOnly: FILE_ONLY.has(key),
    isStored: !NOT_STORED.has(key),
    isProbackupOnly: PROBACKUP_ONLY.has(key),
  })),
)

const KEYS_BY_NAME: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((row) => [row.key, row]))

/** The row of a key, as the table spells it; undefined for a key that is not known. */
export function findConfigKey(key: string): ConfigKey | undefined {
  return KEYS_BY_NAME.get(key)
}

/**
 * Reads a `pg_probackup.conf`. Keys that are not known (openGauss has some) are named in a warning; their lines stay
 * when values are changed (`edit-instance-config.ts`).
 *
 * @throws {EngineError} `format.damaged` naming the line and the key.
 */
export function parseInstanceConfig(
  content: string,
): InstanceConfig & { readonly warnings: readonly string[] } {
  const values: Record<string, string> = {}
  const warnings: string[] = []
  for (const { key, rawKey, value, line } of parseIni(content)) {
    const row = KEYS_BY_NAME.get(key)
    if (row === undefined) {
      warnings.push(`line ${line}: the key "${rawKey}" is not known`)
      continue
    }
    try {
      values[key] = parseConfigValue(row, value)
    } catch (cause) {
      throw new EngineError('format.damaged', `line ${line} has a ${rawKey} that cannot be read`, {
        cause,
        facts: { line: String(line) },
      })
    }
  }
  return { values, warnings }
}

/**
 * Brings a value that a person or a file gave into the form in which values are kept.
 *
 * @throws {EngineError} `format.damaged`
 */
export function parseConfigValue({ key, value: kind }: ConfigKey, given: string): string {
  switch (kind.kind) {
    case 'text':
      if (given === '') throw new EngineError('format.damaged', `${key} is empty`)
      return given
    case 'choice':
      return parseChoice(given, kind.words)
    case 'number': {
      if (given.toUpperCase() === 'INFINITE') return String(kind.most)
      const number = kind.unit === undefined ? parseCInteger(given) : parseWithUnit(given, kind.unit)
      if (number < 0n || number > kind.most) {
        throw new EngineError('format.damaged', `${key} must be from 0 to ${kind.most}`)
      }
      return String(number)
    }
  }
}

/**
 * A number in the base unit of its key, or the default of the key; undefined when there is neither.
 * For `system-identifier`, which does not fit into a number, see {@link configSystemId}.
 */
export function configNumber(config: InstanceConfig, key: string): number | undefined {
  const value = config.values[key] ?? KEYS_BY_NAME.get(key)?.defaultValue
  return value === undefined ? undefined : Number(value)
}

/** A text or choice as it stands in the file, or the default of the key; undefined when there is neither. */
export function configText(config: InstanceConfig, key: string): string | undefined {
  return config.values[key] ?? KEYS_BY_NAME.get(key)?.defaultValue
}

/** The identity of the cluster that the instance was registered for. */
export function configSystemId(config: InstanceConfig): bigint | undefined {
  const value = config.values['system-identifier']
  return value === undefined ? undefined : BigInt(value)
}

/** A value as `show-config` prints it and the file holds it: with the largest unit that fits. */
export function formatConfigValue({ value: kind }: ConfigKey, value: string): string {
  return kind.kind === 'number' && kind.unit !== undefined ? scaleUnits(BigInt(value), kind.unit) : value
}

/**
 * Writes a `pg_probackup.conf` as the C tool does: by group, values with white space in quotes. Values that other
 * readers would take for something else (a comment, a quote) are quoted too. Empty values are left out.
 */
export function formatInstanceConfig(config: InstanceConfig): string {
  const lines: string[] = []
  let group = ''
  for (const row of CONFIG_KEYS) {
    const value = config.values[row.key]
    if (value === undefined || value === '' || !row.isStored) continue
    if (row.group !== group) lines.push(`# ${row.group}`)
    group = row.group
    lines.push(formatConfigLine(row, value))
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** One line of the file, without its end. */
export function formatConfigLine(row: ConfigKey, value: string): string {
  const shown = formatConfigValue(row, value)
  return `${row.key} = ${/[\s#']/.test(shown) ? quoteIni(shown) : shown}`
}
