import type { CommandName } from './command-list.ts'
import type { Given } from './given.ts'
import type { OptionSpec } from './options/option.ts'
import { optionsOf } from './options.ts'
import { parseChoice, parsePath, parsePathList } from './values.ts'

/**
 * The settings of `pg_probackup.conf` that stand on the command line, in the file's spelling. The environment is not asked:
 * what is saved is what was written. An empty value takes the setting out.
 */
export function collectSettings(given: Given): Record<string, string> {
  const settings: Record<string, string> = {}
  for (const option of settingsOf(given.command)) {
    const text = given.own(option.long)
    if (text !== undefined) settings[option.long] = text === '' ? '' : spell(option, text)
  }
  return settings
}

/** The options of a command that can be saved. */
function settingsOf(command: CommandName): readonly OptionSpec[] {
  return optionsOf(command).filter(({ isSetting }) => isSetting === true)
}

function spell({ value }: OptionSpec, text: string): string {
  switch (value.kind) {
    case 'choice':
      return parseChoice(text, value.choices)
    case 'path':
      return parsePath(text)
    case 'path-list':
      return parsePathList(text).join(':') || 'none'
    case 'duration':
      // In the file a bare number is in base units, which are not everywhere those of the command line.
      return /^\w*[a-z]$/i.test(text) && !/^0x/i.test(text) ? text : `${Number(text)}${value.bareUnit}`
    default:
      return text
  }
}
