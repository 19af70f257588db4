import type { CommandName } from '../command-list.ts'

/** What may stand behind an option. `name` is how help shows it. */
type ValueKind =
  | { readonly kind: 'flag' }
  | { readonly kind: 'text'; readonly name: string; readonly maxBytes?: number; readonly pattern?: RegExp }
  | { readonly kind: 'path'; readonly name: string }
  | { readonly kind: 'path-list'; readonly name: string }
  | { readonly kind: 'integer'; readonly name: string; readonly min: number; readonly max: number }
  | { readonly kind: 'duration'; readonly name: string; readonly bareUnit: 'ms' | 's' | 'min' }
  | { readonly kind: 'kilobytes'; readonly name: string }
  | { readonly kind: 'choice'; readonly name: string; readonly choices: readonly string[] }
  | { readonly kind: 'boolean'; readonly name: string }
  | { readonly kind: 'moment'; readonly name: string }
  | { readonly kind: 'mapping'; readonly name: string }
  | { readonly kind: 'backup-id'; readonly name: string }
  | { readonly kind: 'instance-name'; readonly name: string }
  | { readonly kind: 'lsn'; readonly name: string }

/** Headings of the help, in its order. */
export const OPTION_GROUPS = [
  'General',
  'Backup',
  'Restore',
  'Recovery target',
  'Restore test',
  'Standby',
  'Selection',
  'Output',
  'Retention',
  'Pin and note',
  'Compression',
  'WAL',
  'Connection',
  'Logging',
  'For other tools',
] as const

type OptionGroup = (typeof OPTION_GROUPS)[number]

/** One option of one or more commands. */
export type OptionSpec = {
  readonly long: string
  readonly short?: string
  /** Other spellings that scripts of the tool's family use. */
  readonly aliases?: readonly string[]
  readonly value: ValueKind
  readonly group: OptionGroup
  readonly commands: readonly CommandName[]
  /** Commands for which it matters with --merge-expired only; else they say that it changes nothing, and go on. */
  readonly idleFor?: readonly CommandName[]
  /** Meaning, limits and units: one or two sentences. */
  readonly meaning: string
  readonly default?: string
  /** The environment variable that stands in for the option. */
  readonly environment?: string
  readonly isRepeatable?: boolean
  /** Whether it is a key of `pg_probackup.conf`: saved by set-config and add-instance, and the default of other commands. */
  readonly isSetting?: boolean
}

/** An option of the tool's family that this version refuses. It is never ignored in silence. */
export type RefusedOption = {
  readonly long: string
  readonly short?: string
  readonly hasValue: boolean
  readonly commands: readonly CommandName[]
  readonly reason: string
}
