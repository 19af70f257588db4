import os from 'node:os'
import {
  CONFIG_KEYS,
  type ConfigKey,
  formatConfigValue,
  type InstanceConfig,
} from '../format/instance-config.ts'
import { OWN_ALGORITHMS } from '../operations/steps/config-changes.ts'
import type { ConfigEntry, InstanceSetting } from './contract/instances.ts'

/** The configuration as `show-config` lists it: what is set, and what has a default. */
export function configEntries(
  config: InstanceConfig,
  env: Readonly<Record<string, string | undefined>>,
): readonly ConfigEntry[] {
  return CONFIG_KEYS.flatMap((row) => {
    const own = config.values[row.key]
    const value = own ?? defaultOf(row, env)
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

/** Every key that the file may hold, for a screen that edits them. */
export function instanceSettings(
  config: InstanceConfig,
  env: Readonly<Record<string, string | undefined>>,
): readonly InstanceSetting[] {
  return CONFIG_KEYS.filter(({ isStored }) => isStored).map((row): InstanceSetting => {
    const { group, key, isFileOnly, value: kind } = row
    const own = config.values[key]
    const usual = defaultOf(row, env)
    return {
      group,
      key,
      own: own === undefined ? undefined : formatConfigValue(row, own),
      defaultValue: usual === undefined ? undefined : formatConfigValue(row, usual),
      isOverridden: own !== undefined && own !== usual && !isFileOnly,
      isFixed: isFileOnly,
      kind: kind.kind,
      choices: kind.kind === 'choice' ? kind.words.filter((word) => !OWN_ALGORITHMS.has(word)) : [],
      unit: kind.kind === 'number' ? kind.unit : undefined,
    }
  })
}

type Environment = Readonly<Record<string, string | undefined>>

/** What holds where the file says nothing. */
function defaultOf({ key, defaultValue }: ConfigKey, env: Environment): string | undefined {
  // libpq's default: a database that is called like the user.
  return key === 'pgdatabase' ? (env['PGDATABASE'] ?? env['PGUSER'] ?? os.userInfo().username) : defaultValue
}
