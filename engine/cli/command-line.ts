import { parseBackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import { parseInstanceName } from '../base/instance-name.ts'
import { parseLsn } from '../base/lsn.ts'
import { COMMAND_NAMES, type CommandName, MISSING_COMMANDS } from './command-list.ts'
import { findNearest } from '../base/nearest.ts'
import type { OptionSpec, RefusedOption } from './options/option.ts'
import { optionsOf, refusedOptionsOf } from './options.ts'
import { parseMoment } from './moments.ts'
import {
  parseBoolean,
  parseChoice,
  parseDurationMs,
  parseInteger,
  parseKilobytes,
  parseMapping,
  parsePath,
  parsePathList,
} from './values.ts'

/** A command line that has been read: every value fits its option. `true` stands for a flag. */
export type CommandLine = {
  readonly command: CommandName
  /** The words behind a command that takes words: only `help` does. */
  readonly words: readonly string[]
  /** By long name. A repeatable option has a list. */
  readonly options: Readonly<Record<string, string | true | readonly string[]>>
}

type Found = { readonly spec: OptionSpec; readonly shown: string }

const PASSWORD_HINT =
  'Write -W alone to be asked on the terminal, or put the password into ~/.pgpass: a command line can be read by others.'

/**
 * Reads the words behind the program's name, in the manner of getopt: `--name=value`, `--name value`, `-Bdir`, `-B dir`,
 * bundled flags, unmistakable beginnings of long names, and `--` before words that are no options.
 *
 * @throws {EngineError} `usage.invalid`
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [first, ...rest] = argv
  if (first === undefined) {
    throw usage('no command was given', 'Run "tidemark help" to see the commands.')
  }
  if (first === '--help' || first === '-?') return { command: 'help', words: [], options: {} }
  if (first === '--version' || first === '-V') return { command: 'version', words: [], options: {} }
  const command = requireCommand(first)
  return new Reader(command, rest).read()
}

/** The command of that name. @throws {EngineError} `usage.invalid`, naming the nearest one. */
export function requireCommand(name: string): CommandName {
  const found = COMMAND_NAMES.find((command) => command === name)
  if (found !== undefined) return found
  if (name.startsWith('-')) {
    throw usage(
      'the command must come before the options',
      'Write for example: tidemark show -B /srv/catalog.',
    )
  }
  const advice = Object.hasOwn(MISSING_COMMANDS, name) ? MISSING_COMMANDS[name] : undefined
  if (advice !== undefined)
    throw usage(`this version of Tidemark does not have the command "${name}"`, advice)
  const nearest = findNearest(name, COMMAND_NAMES)
  throw usage(
    `there is no command "${name}"`,
    nearest === undefined ? 'Run "tidemark help" to see the commands.' : `Did you mean "${nearest}"?`,
  )
}

/** Writes a command line that {@link parseCommandLine} reads back as the same value. */
export function formatCommandLine({ command, words, options }: CommandLine): string[] {
  const given = Object.entries(options).flatMap(([long, value]) => {
    if (value === true) return [`--${long}`]
    return (typeof value === 'string' ? [value] : value).map((text) => `--${long}=${text}`)
  })
  return [command, ...given, ...(words.length > 0 ? ['--', ...words] : [])]
}

class Reader {
  readonly #command: CommandName
  readonly #rest: string[]
  readonly #specs: readonly OptionSpec[]
  readonly #refused: readonly RefusedOption[]
  readonly #options: Record<string, string | true | string[]> = {}
  readonly #words: string[] = []

  constructor(command: CommandName, rest: readonly string[]) {
    this.#command = command
    this.#rest = [...rest]
    this.#specs = optionsOf(command)
    this.#refused = refusedOptionsOf(command)
  }

  read(): CommandLine {
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      if (word === '--') for (const each of this.#rest.splice(0)) this.#word(each)
      else if (word.startsWith('--')) this.#long(word.slice(2))
      else if (word.startsWith('-') && word !== '-') this.#cluster(word.slice(1))
      else this.#word(word)
    }
    return { command: this.#command, words: this.#words, options: this.#options }
  }

  #word(word: string): void {
    if (this.#command === 'help' && this.#words.length === 0) {
      this.#words.push(word)
      return
    }
    // It may be a password, so it is not repeated.
    if (this.#options['password'] === true)
      throw usage('a password was given on the command line', PASSWORD_HINT)
    throw usage(`"${word}" is more than "${this.#command}" takes`, this.#helpHint())
  }

  #long(text: string): void {
    const equals = text.indexOf('=')
    const name = equals === -1 ? text : text.slice(0, equals)
    const value = equals === -1 ? undefined : text.slice(equals + 1)
    const spec = this.#findLong(name)
    if (spec.value.kind === 'flag') {
      if (value === undefined) this.#put({ spec, shown: `--${spec.long}` }, true)
      else if (spec.long === 'password')
        throw usage('a password was given on the command line', PASSWORD_HINT)
      else throw usage(`--${spec.long} takes no value`, this.#helpHint())
      return
    }
    this.#put({ spec, shown: `--${spec.long}` }, value ?? this.#next(`--${spec.long}`))
  }

  /** Letters behind one dash: flags, and at the end an option with its value. */
  #cluster(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at] ?? ''
      const shown = `-${letter}`
      const spec = this.#specs.find(({ short }) => short === letter)
      const behind = letters.slice(at + 1)
      if (spec === undefined) {
        const refused = this.#refused.find(({ short }) => short === letter)
        if (refused !== undefined) throw this.#refusal(refused)
        throw usage(`${this.#command} has no option -${letter}`, this.#helpHint())
      }
      if (spec.value.kind !== 'flag') {
        this.#put({ spec, shown }, behind === '' ? this.#next(shown) : behind)
        return
      }
      if (spec.long === 'password' && behind !== '') {
        throw usage('a password was given on the command line', PASSWORD_HINT)
      }
      this.#put({ spec, shown }, true)
    }
  }

  #findLong(name: string): OptionSpec {
    const names = new Map(
      this.#specs.flatMap((spec) =>
        [spec.long, ...(spec.aliases ?? [])].map((each) => [each, spec] as const),
      ),
    )
    const exact = names.get(name)
    if (exact !== undefined) return exact
    const refused = this.#refused.find(({ long }) => long === name)
    if (refused !== undefined) throw this.#refusal(refused)

    const begun = [...names].filter(([each]) => name !== '' && each.startsWith(name))
    const meant = new Set(begun.map(([, spec]) => spec))
    const [only] = meant
    if (only !== undefined && meant.size === 1) return only
    if (meant.size > 1) {
      const list = begun.map(([each]) => `--${each}`).join(', ')
      throw usage(
        `--${name} could be more than one option of "${this.#command}"`,
        `Write out one of ${list}.`,
      )
    }
    const nearest = findNearest(name, [...names.keys()])
    throw usage(
      `"${this.#command}" has no option --${name}`,
      nearest === undefined ? this.#helpHint() : `Did you mean --${nearest}?`,
    )
  }

  #next(shown: string): string {
    const value = this.#rest.shift()
    if (value === undefined) throw usage(`${shown} needs a value`, this.#helpHint())
    return value
  }

  #put({ spec, shown }: Found, value: string | true): void {
    if (value !== true) checkValue(spec, shown, value, this.#command)
    const before = this.#options[spec.long]
    if (spec.isRepeatable === true && value !== true) {
      this.#options[spec.long] = [...(Array.isArray(before) ? before : []), value]
      return
    }
    if (before !== undefined && value !== true) throw usage(`--${spec.long} was given twice`)
    this.#options[spec.long] = value
  }

  #refusal({ long, reason }: RefusedOption): EngineError {
    return usage(`--${long} is not available: ${reason}`, `Leave --${long} out.`)
  }

  #helpHint(): string {
    return `Run "tidemark help ${this.#command}" to see its options.`
  }
}

/** Refuses a value that its option cannot take. An empty value is only good for taking a saved setting out. */
function checkValue(spec: OptionSpec, shown: string, value: string, command: CommandName): void {
  if (value === '') {
    if (command === 'set-config' && spec.isSetting === true) return
    throw usage(`${shown} needs a value that is not empty`)
  }
  try {
    readValue(spec, value)
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    throw new EngineError('usage.invalid', `bad value for ${shown}: ${thrown.message}`, { hint: thrown.hint })
  }
}

function readValue({ value: kind, meaning }: OptionSpec, text: string): unknown {
  switch (kind.kind) {
    case 'flag':
      return true
    case 'text': {
      const isLong = kind.maxBytes !== undefined && Buffer.byteLength(text) > kind.maxBytes
      if (isLong)
        throw new EngineError('value.malformed', `it is longer than ${kind.maxBytes} bytes`, {
          hint: meaning,
        })
      if (kind.pattern !== undefined && !kind.pattern.test(text)) {
        throw new EngineError('value.malformed', `"${text}" will not do`, { hint: meaning })
      }
      return text
    }
    case 'path':
      return parsePath(text)
    case 'path-list':
      return parsePathList(text)
    case 'integer': {
      const number = parseInteger(text)
      if (number < kind.min || number > kind.max) {
        throw new EngineError('value.malformed', `${text} is not between ${kind.min} and ${kind.max}`, {
          hint: meaning,
        })
      }
      return number
    }
    case 'duration':
      return parseDurationMs(text, kind.bareUnit)
    case 'kilobytes':
      return parseKilobytes(text)
    case 'choice':
      return parseChoice(text, kind.choices)
    case 'boolean':
      return parseBoolean(text)
    case 'moment':
      return parseMoment(text)
    case 'mapping':
      return parseMapping(text)
    case 'backup-id':
      return parseBackupId(text)
    case 'instance-name':
      return parseInstanceName(text)
    case 'lsn':
      return parseLsn(text)
  }
}

function usage(message: string, hint?: string): EngineError {
  return new EngineError('usage.invalid', message, { hint })
}
