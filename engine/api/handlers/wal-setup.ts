import { EngineError } from '../../base/engine-error.ts'
import { readInstanceConfig } from '../../catalog/instance.ts'
import { configSystemId } from '../../format/instance-config.ts'
import { planWalSetup } from '../../operations/wal-setup/plan.ts'
import { testOneSegment } from '../../operations/wal-setup/test-segment.ts'
import { type ConnectionSettings, openSession } from '../../server/connection.ts'
import { readArchivingFacts } from '../../server/postgres/archiving-facts.ts'
import { readFacts } from '../../server/postgres/facts.ts'
import { openWalConnection } from '../../server/wal-stream.ts'
import { connectionOf } from '../connections.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { walSetup as contract } from '../contract/wal-setup.ts'
import { quietRun } from '../quiet-run.ts'
import type { Receivers } from '../receivers.ts'
import { slotNameFor } from '../slot-name.ts'

/** A checkpoint may be under way, and an archiver that failed waits for a minute. */
const USUAL_TEST_SECONDS = 90
const USUAL_PROGRAM = 'tidemark'

export function walSetupHandlers(
  context: EngineContext,
  receivers: Receivers,
): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'wal.setup': async ({ catalog, instance, slot, program }, { signal }) => {
      const run = quietRun(context, signal)
      const config = readInstanceConfig(catalog, instance)
      const connection = await connectionOf(context, { catalog, instance }, config)
      await using session = await openSession(connection, run)
      const { systemIdentifier, missingRights } = await readFacts(session)
      const facts = await readArchivingFacts(session)
      const receiver = receivers.status({ catalog, instance })
      const refusal = await tryReplication(connection, systemIdentifier, run)
      const usedSlot = slot ?? receiver.slot ?? slotNameFor(instance)
      const planned = planWalSetup(facts, {
        catalog,
        instance,
        program: program ?? USUAL_PROGRAM,
        slot: usedSlot,
        refusal,
        isReceiving: ['streaming', 'catching-up', 'elsewhere'].includes(receiver.phase),
      })
      return {
        role: planned.role,
        archiveMode: facts.archiveMode,
        archiveCommand: facts.archiveCommand,
        walLevel: facts.walLevel,
        archiver: facts.archiver,
        canSwitch: facts.canSwitch,
        switchGrant: missingRights.find(({ what }) => what === 'pg_switch_wal()')?.sql,
        slot: usedSlot,
        hbaLine: refusal?.remedy,
        command: planned.command,
        receiver: planned.receiver,
      }
    },
    'wal.setup-test': async ({ catalog, instance, timeoutSeconds }, { signal }) => {
      const run = quietRun(context, signal)
      const config = readInstanceConfig(catalog, instance)
      return await testOneSegment(
        {
          catalog,
          instance,
          systemIdentifier: configSystemId(config),
          connection: await connectionOf(context, { catalog, instance }, config),
          timeoutMs: (timeoutSeconds ?? USUAL_TEST_SECONDS) * 1000,
        },
        run,
      )
    },
  }
}

/** Why a replication connection cannot be made; undefined = it can. */
async function tryReplication(
  connection: ConnectionSettings,
  systemIdentifier: bigint,
  run: Parameters<typeof openWalConnection>[2],
): Promise<{ readonly message: string; readonly remedy: string | undefined } | undefined> {
  try {
    await using _ = await openWalConnection(connection, systemIdentifier, run)
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || run.signal.aborted) throw thrown
    return { message: thrown.message, remedy: thrown.facts['remedy'] }
  }
}
