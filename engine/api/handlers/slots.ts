import { EngineError } from '../../base/engine-error.ts'
import { readInstanceConfig } from '../../catalog/instance.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { isBeforeNewest, newestStart } from '../../catalog/slots-before.ts'
import { configSystemId } from '../../format/instance-config.ts'
import { openSession } from '../../server/connection.ts'
import { dropReplicationSlots } from '../../server/postgres/drop-slots.ts'
import { readFacts } from '../../server/postgres/facts.ts'
import { readReplicationSlots } from '../../server/postgres/replication-slots.ts'
import { connectionOf } from '../connections.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { slots as contract } from '../contract/slots.ts'
import { quietRun } from '../quiet-run.ts'
import type { Receivers } from '../receivers.ts'
import { slotNameFor } from '../slot-name.ts'

/** For each of two questions that a server answers from memory; connecting has a limit of its own. */
const SLOTS_TIMEOUT_MS = 5000
/** For each slot: its directory is removed, and that is synced. */
const DROP_TIMEOUT_MS = 30_000

export function slotHandlers(
  context: EngineContext,
  receivers: Receivers,
): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'wal.slots': async ({ catalog, instance, connection, password }, { signal }) => {
      const run = quietRun(context, signal)
      const ref = { catalog, instance }
      const { config, backups } = await readInventory(catalog, instance, run)
      await using session = await openSession(
        await connectionOf(context, ref, config, connection, password),
        run,
      )
      const ours = receivers.status(ref).slot ?? slotNameFor(instance)
      const found = await readReplicationSlots(session, SLOTS_TIMEOUT_MS)
      const newestBackup = newestStart(backups)
      return {
        ...found,
        newestBackup,
        slots: found.slots.map((slot) => ({
          ...slot,
          isOfReceiver: slot.name === ours,
          isBeforeNewest: isBeforeNewest(slot.restartLsn, newestBackup),
        })),
      }
    },
    'wal.drop-slots': async ({ catalog, instance, names, connection, password }, { signal }) => {
      const run = quietRun(context, signal)
      const config = readInstanceConfig(catalog, instance)
      await using session = await openSession(
        await connectionOf(context, { catalog, instance }, config, connection, password),
        run,
      )
      const registered = configSystemId(config)
      const { systemIdentifier } = await readFacts(session)
      if (registered !== undefined && registered !== systemIdentifier) {
        throw new EngineError(
          'instance.identity-mismatch',
          `the server has the system identifier ${systemIdentifier}, the instance was registered for ${registered}`,
          { hint: 'Check host and port: no slot of another cluster is dropped.' },
        )
      }
      return await dropReplicationSlots(session, [...new Set(names)], { signal, timeoutMs: DROP_TIMEOUT_MS })
    },
  }
}
