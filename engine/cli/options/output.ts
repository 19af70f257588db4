import type { OptionSpec } from './option.ts'
import { FLAG, FORMATS } from './shared.ts'

/** How answers are printed. */
export const OUTPUT_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'format',
    value: FORMATS,
    group: 'Output',
    commands: ['show', 'window', 'find', 'show-config', 'after-restore', 'drill', 'delete', 'slots'],
    meaning: 'plain for people, json for programs.',
    default: 'plain',
  },
  {
    long: 'archive',
    value: FLAG,
    group: 'Output',
    commands: ['show'],
    meaning: 'Lists the timelines of the WAL archive and their gaps instead of backups.',
  },
  {
    long: 'no-scale-units',
    value: FLAG,
    group: 'Output',
    commands: ['show-config'],
    meaning: 'Prints times and sizes in their base units: seconds, milliseconds or kilobytes.',
  },
]
