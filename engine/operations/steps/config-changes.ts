import { EngineError } from '../../base/engine-error.ts'
import {
  type ConfigKey,
  findConfigKey,
  type InstanceConfig,
  parseConfigValue,
} from '../../format/instance-config.ts'
import { checkSetting } from './setting-rules.ts'

/** A value that cannot be saved. */
export type ConfigProblem = { readonly key: string; readonly error: EngineError }

/**
 * Applies values as they stand on a command line (`5min`, `10MB`); an empty text takes a key out. Pure.
 *
 * @throws {EngineError} `value.malformed` for a key or value that cannot be, naming the key
 */
export function applyConfigChanges(
  config: InstanceConfig,
  changes: Readonly<Record<string, string>>,
): { readonly config: InstanceConfig; readonly changed: readonly string[] } {
  const { problems, ...done } = tryConfigChanges(config, changes)
  const [problem] = problems
  if (problem !== undefined) throw problem.error
  return done
}

/** The same, but what cannot be saved is named instead, and stays as it was. */
export function tryConfigChanges(
  config: InstanceConfig,
  changes: Readonly<Record<string, string>>,
): {
  readonly config: InstanceConfig
  readonly changed: readonly string[]
  readonly problems: readonly ConfigProblem[]
} {
  const values: Record<string, string> = { ...config.values }
  const changed: string[] = []
  const problems: ConfigProblem[] = []
  for (const [key, text] of Object.entries(changes)) {
    try {
      const row = requireSetting(key)
      if (text === '') delete values[key]
      else values[key] = readSetting(row, text)
      if (values[key] !== config.values[key]) changed.push(key)
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown
      problems.push({ key, error: thrown })
    }
  }
  return { config: { values }, changed, problems }
}

function requireSetting(key: string): ConfigKey {
  const row = findConfigKey(key)
  if (row === undefined || !row.isStored)
    throw new EngineError('value.malformed', `"${key}" is no setting of an instance`)
  if (row.isFileOnly) {
    throw new EngineError(
      'value.malformed',
      `"${key}" is found out when an instance is added and cannot be changed`,
    )
  }
  return row
}

function readSetting(row: ConfigKey, text: string): string {
  checkSetting(row, text)
  try {
    return parseConfigValue(row, text)
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    const { message, hint } = cause
    throw new EngineError(
      'value.malformed',
      message.startsWith(row.key) ? message : `${row.key}: ${message}`,
      {
        hint,
        cause,
      },
    )
  }
}
