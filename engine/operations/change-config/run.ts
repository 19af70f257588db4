import type { Run } from '../../base/run.ts'
import { readInstanceConfig, requireCatalog, writeInstanceConfig } from '../../catalog/instance.ts'
import type { InstanceConfig } from '../../format/instance-config.ts'
import { applyConfigChanges } from '../steps/config-changes.ts'

/** Changes settings of an instance; the file is written whole, and only when something differs. */
export async function changeConfig(
  input: {
    readonly catalog: string
    readonly instance: string
    readonly values: Readonly<Record<string, string>>
  },
  run: Run,
): Promise<InstanceConfig> {
  await requireCatalog(input.catalog)
  const { config, changed } = applyConfigChanges(
    readInstanceConfig(input.catalog, input.instance),
    input.values,
  )
  if (changed.length > 0) {
    await writeInstanceConfig(input.catalog, input.instance, config)
    run.log.info(`changed ${changed.join(', ')} of instance "${input.instance}"`)
  }
  return config
}
