import { type BackupId, parseBackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import type { InstanceRef } from '../api/contract/values.ts'
import type { CommandLine } from './command-line.ts'
import type { CommandName } from './command-list.ts'
import { type Moment, parseMoment } from './moments.ts'
import type { OptionSpec } from './options/option.ts'
import { OPTIONS } from './options.ts'
import {
  parseBoolean,
  parseChoice,
  parseDurationMs,
  parseInteger,
  parseMapping,
  parsePath,
  parsePathList,
} from './values.ts'

/** The environment as far as the command line reads it. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What a user asked for: the command line, and behind it the environment. What is in neither is undefined,
 * and follows the saved settings or the default.
 */
export class Given {
  readonly command: CommandName
  readonly #line: CommandLine
  readonly #environment: Environment

  constructor(line: CommandLine, environment: Environment) {
    this.command = line.command
    this.#line = line
    this.#environment = environment
  }

  has(long: string): boolean {
    return this.#line.options[long] !== undefined
  }

  /** The text of the option itself; the environment is not asked. */
  own(long: string): string | undefined {
    const value = this.#line.options[long]
    return typeof value === 'string' ? value : undefined
  }

  /** The text of the option, or of its environment variable. An empty variable counts as absent. */
  text(long: string): string | undefined {
    const own = this.own(long)
    if (own !== undefined) return own
    const variable = requireSpec(this.command, long).environment
    const value = variable === undefined ? undefined : this.#environment[variable]
    return value === '' ? undefined : value
  }

  path(long: string): string | undefined {
    return this.#read(long, parsePath)
  }

  pathList(long: string): readonly string[] | undefined {
    return this.#read(long, parsePathList)
  }

  integer(long: string): number | undefined {
    return this.#read(long, parseInteger)
  }

  durationMs(long: string): number | undefined {
    const { value } = requireSpec(this.command, long)
    return this.#read(long, (text) => parseDurationMs(text, value.kind === 'duration' ? value.bareUnit : 's'))
  }

  boolean(long: string): boolean | undefined {
    return this.#read(long, parseBoolean)
  }

  moment(long: string): Moment | undefined {
    return this.#read(long, parseMoment)
  }

  backupId(long: string): BackupId | undefined {
    return this.#read(long, parseBackupId)
  }

  /** The choice in the spelling of the option table. */
  choice(long: string): string | undefined {
    const { value } = requireSpec(this.command, long)
    return this.#read(long, (text) => parseChoice(text, value.kind === 'choice' ? value.choices : []))
  }

  mappings(long: string): readonly { readonly from: string; readonly to: string }[] | undefined {
    const value = this.#line.options[long]
    return Array.isArray(value) ? value.map(parseMapping) : undefined
  }

  /** The texts of an option that may be given several times. */
  texts(long: string): readonly string[] | undefined {
    const value = this.#line.options[long]
    return Array.isArray(value) ? value : undefined
  }

  /** @throws {EngineError} `usage.invalid` when there is no catalog. */
  requireCatalog(): string {
    const catalog = this.path('backup-path')
    if (catalog !== undefined) return catalog
    throw new EngineError('usage.invalid', 'no backup catalog was named', {
      hint: 'Give it with -B, or set BACKUP_PATH in the environment.',
    })
  }

  /** @throws {EngineError} `usage.invalid` when catalog or instance is missing. */
  requireInstance(): InstanceRef {
    const catalog = this.requireCatalog()
    const instance = this.own('instance')
    if (instance === undefined) {
      throw new EngineError('usage.invalid', `"${this.command}" needs to know the instance`, {
        hint: 'Name it with --instance.',
      })
    }
    return { catalog, instance }
  }

  /** @throws {EngineError} `usage.invalid` when no backup was named. */
  requireBackupId(): BackupId {
    const id = this.backupId('backup-id')
    if (id !== undefined) return id
    throw new EngineError('usage.invalid', `"${this.command}" needs to know the backup`, {
      hint: 'Give its ID with -i; "tidemark show" lists them.',
    })
  }

  /** @throws {EngineError} `usage.invalid` when more than one of `longs` was given. */
  refuseTogether(...longs: readonly string[]): void {
    const [first, second] = longs.filter((long) => this.has(long))
    if (first === undefined || second === undefined) return
    throw new EngineError('usage.invalid', `--${first} and --${second} exclude each other`, {
      hint: 'Leave one of them out.',
    })
  }

  #read<Value>(long: string, parse: (text: string) => Value): Value | undefined {
    const text = this.text(long)
    if (text === undefined) return undefined
    try {
      return parse(text)
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown
      // The command line has been checked already, so it is the environment.
      const source = requireSpec(this.command, long).environment ?? `--${long}`
      throw new EngineError('usage.invalid', `bad value for ${source}: ${thrown.message}`, {
        hint: thrown.hint,
      })
    }
  }
}

function requireSpec(command: CommandName, long: string): OptionSpec {
  const spec = OPTIONS.find((option) => option.long === long && option.commands.includes(command))
  if (spec === undefined) throw new Error(`bug: "${command}" has no option --${long}`)
  return spec
}
