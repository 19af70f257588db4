import { EngineError } from '../../base/engine-error.ts'
import { findConfigKey, type InstanceConfig, parseConfigValue } from '../../format/instance-config.ts'

/** Compression that pg_probackup does not know: it stops at a configuration that names one. */
export const OWN_ALGORITHMS: ReadonlySet<string> = new Set(['lz4', 'zstd'])

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
    if (key === 'compress-algorithm' && OWN_ALGORITHMS.has(text)) {
      throw new EngineError('value.malformed', `${text} cannot be a setting of an instance`, {
        hint: 'Other programs would not read the instance any more; give it with each backup.',
      })
    }
    if (text === '') delete values[key]
    else values[key] = parseConfigValue(row, text)
    if (values[key] !== config.values[key]) changed.push(key)
  }
  return { config: { values }, changed }
}
