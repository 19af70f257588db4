import path from 'node:path'
import { CONFIG_KEYS, formatConfigValue, type InstanceConfig } from '../format/instance-config.ts'
import type { ConfigEntry } from './contract/instances.ts'

/** The configuration as `show-config` lists it: what is set, and what has a default. */
export function configEntries(config: InstanceConfig, catalog: string): readonly ConfigEntry[] {
  return CONFIG_KEYS.flatMap((row) => {
    const own = config.values[row.key]
    const value = own ?? (row.key === 'log-directory' ? path.join(catalog, 'log') : row.defaultValue)
    if (value === undefined) return []
    return [
      {
        group: row.group,
        key: row.key,
        value: formatConfigValue(row, value),
        baseValue: value,
        isSet: own !== undefined,
      },
    ]
  })
}
