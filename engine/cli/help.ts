import { COMMAND_NAMES, COMMANDS, type CommandName, MISSING_COMMANDS } from './command-list.ts'
import { OPTION_GROUPS, type OptionSpec } from './options/option.ts'
import { optionsOf, refusedOptionsOf } from './options.ts'

/** Where the explanations of the options begin, and how wide the text is. */
const COLUMN = 30
const WIDTH = 100

/** What `tidemark help` prints. */
export function formatHelp(): string {
  const widest = Math.max(...COMMAND_NAMES.map((name) => name.length))
  return [
    'Tidemark takes, lists, validates and restores physical backups of PostgreSQL,',
    'in catalogs that pg_probackup reads as well.',
    '',
    'Usage: tidemark COMMAND [options]',
    '',
    'Commands:',
    ...COMMAND_NAMES.map((name) => `  ${name.padEnd(widest)}  ${COMMANDS[name].summary}`),
    '',
    `Not in this version: ${Object.keys(MISSING_COMMANDS).slice(0, 5).join(', ')}.`,
    '',
    '"tidemark help COMMAND" or "tidemark COMMAND --help" explains the options of a command.',
    'The exit status is 0 on success, 1 on failure or when validate found damage, 130 when cancelled.',
    '',
  ].join('\n')
}

/** What `tidemark help COMMAND` prints. */
export function formatCommandHelp(command: CommandName): string {
  const lines = [
    `Usage: tidemark ${command} ${COMMANDS[command].usage}`.trimEnd(),
    '',
    COMMANDS[command].summary,
  ]
  const options = optionsOf(command)
  for (const group of OPTION_GROUPS) {
    const members = options.filter((option) => option.group === group)
    if (members.length === 0) continue
    lines.push('', `${group}:`, ...members.flatMap((option) => explain(option, command)))
  }
  const refused = refusedOptionsOf(command)
  if (refused.length > 0) {
    const list = refused.map(({ long }) => `--${long}`).join(', ')
    lines.push('', 'Known and refused by this version:', ...wrap(list, WIDTH - 2).map((line) => `  ${line}`))
  }
  return `${lines.join('\n')}\n`
}

/** The option as it is written: `-B, --backup-path=DIR`. */
function formatOptionHead(option: OptionSpec): string {
  const value = option.value.kind === 'flag' ? '' : `=${option.value.name}`
  return `${option.short === undefined ? '    ' : `-${option.short}, `}--${option.long}${value}`
}

/** Meaning, other spellings, default and variable as sentences. */
export function describeOption(option: OptionSpec, command: CommandName): string {
  return [
    option.meaning,
    option.idleFor?.includes(command) === true
      ? `Changes nothing for ${command} without --merge-expired.`
      : '',
    option.aliases === undefined
      ? ''
      : `Also spelled ${option.aliases.map((name) => `--${name}`).join(', ')}.`,
    option.environment === undefined ? '' : `Environment: ${option.environment}.`,
    option.default === undefined ? '' : `Default: ${option.default}.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function explain(option: OptionSpec, command: CommandName): string[] {
  const head = `  ${formatOptionHead(option)}`
  const text = wrap(describeOption(option, command), WIDTH - COLUMN).map((line) => ' '.repeat(COLUMN) + line)
  const [first = '', ...rest] = text
  return head.length < COLUMN ? [head + first.slice(head.length), ...rest] : [head, ...text]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
