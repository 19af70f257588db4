import { EngineError } from '../../base/engine-error.ts'
import { findConfigKey, type InstanceConfig, parseConfigValue } from '../../format/instance-config.ts'

/**
 * Applies values as they stand on a command line (`5min`, `10MB`); an empty text takes a key out. Pure.
 *
 * @throws {EngineError} `value.malformed` for a key or value that cannot be, naming the key
 */
export function applyConfigChanges(
  config: InstanceConfig,
  changes: Readonly<Record<string, string>>,
): { readonly config: InstanceConfig; readonly changed: readonly string[] } {
  const values: Record<string, string> = { ...config.values }
  const changed: string[] = []
  for (const [key, text] of Object.entries(changes)) {
    const row = findConfigKey(key)
    if (row === undefined || !row.isStored)
      throw new EngineError('value.malformed', `"${key}" is no setting of an instance`)
    if (row.isFileOnly) {
      throw new EngineError(
        'value.malformed',
        `"${key}" is found out when an instance is added and cannot be changed`,
      )
    }
    if (text === '') delete values[key]
    else values[key] = parseConfigValue(row, text)
    if (values[key] !== config.values[key]) changed.push(key)
  }
  return { config: { values }, changed }
}
