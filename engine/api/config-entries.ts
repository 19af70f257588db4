import os from 'node:os'
import {
  CONFIG_KEYS,
  type ConfigKey,
  findConfigKey,
  formatConfigValue,
  type InstanceConfig,
} from '../format/instance-config.ts'
import { isGsConfigKey, isSecretConfigKey } from '../format/gs-config-keys.ts'
import { parseIni } from '../format/ini.ts'
import { settingInput } from '../operations/steps/setting-rules.ts'
import type { ConfigEntry, InstanceSetting, KeptSetting } from './contract/instances.ts'

/** The configuration as `show-config` lists it: what is set, and what has a default. */
export function configEntries(
  config: InstanceConfig,
  env: Readonly<Record<string, string | undefined>>,
): readonly ConfigEntry[] {
  return CONFIG_KEYS.flatMap((row) => {
    const own = config.values[row.key]
    const value = own ?? defaultOf(row, config, env)
    if (value === undefined) return []
    const derivedFrom = own === undefined ? DERIVED[row.key] : undefined
    return [
      {
        group: row.group,
        key: row.key,
        value: formatConfigValue(row, value),
        baseValue: value,
        isNumber: row.value.kind === 'number',
        isSet: own !== undefined,
        ...(derivedFrom !== undefined && { derivedFrom }),
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
    const { group, key, isFileOnly } = row
    const own = config.values[key]
    const usual = defaultOf(row, config, env)
    const input = settingInput(row)
    const isNumber = input.kind === 'number'
    return {
      group,
      key,
      own: own === undefined ? undefined : formatConfigValue(row, own),
      defaultValue: usual === undefined ? undefined : formatConfigValue(row, usual),
      isOverridden: own !== undefined && own !== usual && !isFileOnly,
      isFixed: isFileOnly,
      onlyIn: row.isProbackupOnly ? 'pg_probackup' : undefined,
      kind: input.kind,
      choices: input.kind === 'choice' ? input.words : [],
      least: isNumber ? Number(input.least) : undefined,
      most: isNumber ? Number(input.most) : undefined,
      unit: isNumber ? input.unit : undefined,
    }
  })
}

/** Lines of the file whose keys are not known here. */
export function keptSettings(content: string): readonly KeptSetting[] {
  return parseIni(content)
    .filter(({ key }) => findConfigKey(key) === undefined)
    .map(({ key, rawKey, value, line }) => ({
      key: rawKey,
      line,
      value: isSecretConfigKey(key) ? undefined : value,
      onlyIn: isGsConfigKey(key) ? 'gs_probackup' : undefined,
    }))
}

type Environment = Readonly<Record<string, string | undefined>>

const DERIVED: Readonly<Record<string, NonNullable<ConfigEntry['derivedFrom']>>> = {
  pgdatabase: 'environment',
  pghost: 'remote-host',
}

/** What holds where the file says nothing. */
function defaultOf(
  { key, defaultValue }: ConfigKey,
  { values }: InstanceConfig,
  env: Environment,
): string | undefined {
  switch (key) {
    case 'pgdatabase':
      // libpq's default: a database that is called like the user.
      return env['PGDATABASE'] ?? env['PGUSER'] ?? os.userInfo().username
    case 'pghost':
      // The server is expected on the machine of the cluster (catalog format 15).
      return values['remote-host']
    default:
      return defaultValue
  }
}
