import { readInstanceConfig } from '../../catalog/instance.ts'
import { cleanUpRestored } from '../../operations/after-restore/run.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { restored as contract } from '../contract/restored.ts'
import { lookAtRestored, promoteRestored } from '../restored-server.ts'

export function restoredHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'restored.look': async (restored, { signal }) => await lookAtRestored(context, restored, signal),
    'restored.promote': async (restored, { signal }) => {
      await promoteRestored(context, restored, signal)
      return await lookAtRestored(context, restored, signal)
    },
    'restored.clean-up': async (restored, { signal }) => {
      const { values } = readInstanceConfig(restored.catalog, restored.instance)
      await cleanUpRestored(restored.dataDirectory, values['system-identifier'], context.log)
      return await lookAtRestored(context, restored, signal)
    },
  }
}
