import type { EngineHandlers } from '../contract/contract.ts'
import type { walReceiver as contract } from '../contract/wal-receiver.ts'
import type { Receivers } from '../receivers.ts'

export function walReceiverHandlers(receivers: Receivers): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'wal-receiver.start': async ({ catalog, instance, slot, createSlot, compressLevel, ...given }) => {
      const setting = {
        catalog,
        instance,
        ...(slot !== undefined && { slot: { name: slot, isMade: createSlot === true } }),
        ...(compressLevel !== undefined && compressLevel > 0 && { compressLevel }),
      }
      return { job: await receivers.start(setting, given) }
    },
    'wal-receiver.stop': async (ref) => await receivers.stop(ref),
    'wal-receiver.status': async (ref) => receivers.status(ref),
    'wal-receiver.watch': (ref, { signal }) => receivers.watch(ref, signal),
    'wal-receiver.list': async () => receivers.list(),
  }
}
