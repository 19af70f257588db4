import { readInstanceConfig, requireCatalog } from '../../catalog/instance.ts'
import { getWal } from '../../operations/archive-get/run.ts'
import { pushWal } from '../../operations/archive-push/run.ts'
import { configEntries } from '../config-entries.ts'
import type { EngineContext } from '../context.ts'
import type { archiving as contract } from '../contract/archiving.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import { quietRun } from '../quiet-run.ts'

/** What these handlers need of the engine: they also serve without the rest of it. */
export type ArchivingContext = Pick<EngineContext, 'log' | 'clock' | 'env'>

export function archivingHandlers(context: ArchivingContext): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'archiving.push': (input, { signal }) =>
      pushWal(
        {
          ...input,
          filePath: input.filePath,
          compressAlgorithm: input.compressAlgorithm,
          compressLevel: input.compressLevel,
          archiveTimeoutSeconds: input.archiveTimeoutSeconds,
        },
        quietRun(context, signal),
      ),
    'archiving.get': (input, { signal }) =>
      getWal({ ...input, prefetchDirectory: input.prefetchDirectory }, quietRun(context, signal)),
  }
}

export function configHandler({
  env,
}: Pick<ArchivingContext, 'env'>): Pick<EngineHandlers, 'instances.config'> {
  return {
    'instances.config': async ({ catalog, instance }) => {
      await requireCatalog(catalog)
      return configEntries(readInstanceConfig(catalog, instance), env)
    },
  }
}
