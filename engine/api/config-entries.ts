import os from 'node:os'
import { CONFIG_KEYS, formatConfigValue, type InstanceConfig } from '../format/instance-config.ts'
import type { ConfigEntry } from './contract/instances.ts'

/** The configuration as `show-config` lists it: what is set, and what has a default. */
export function configEntries(
  config: InstanceConfig,
  env: Readonly<Record<string, string | undefined>>,
): readonly ConfigEntry[] {
  // libpq's default: a database that is called like the user.
  const database = env['PGDATABASE'] ?? env['PGUSER'] ?? os.userInfo().username
  return CONFIG_KEYS.flatMap((row) => {
    const own = config.values[row.key]
    const value = own ?? (row.key === 'pgdatabase' ? database : row.defaultValue)
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
