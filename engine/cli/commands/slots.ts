import type { EngineClient } from '../../api/contract/contract.ts'
import type { SlotDropOutcome, SlotList } from '../../api/contract/slots.ts'
import { EngineError } from '../../base/engine-error.ts'
import { readConnection } from '../connection.ts'
import { type Command, type Context, EXIT } from '../context.ts'
import { formatJson } from '../json-text.ts'
import { withPassword } from '../password.ts'
import { formatSlotTable, slotsToJson } from '../slot-listing.ts'

type Asked = Parameters<EngineClient['wal.slots']>[0]

/** Lists the replication slots of the server, or drops those that are named. */
export const slots: Command = async (context) => {
  const { client, given, log, signal, world } = context
  const names = given.texts('drop')
  if (names !== undefined) return await dropSlots(context, [...new Set(names)])
  if (given.has('dry-run')) {
    throw new EngineError('usage.invalid', 'there is nothing to drop for a trial', {
      hint: '--dry-run is about --drop=NAME. Without that slots are listed and nothing is changed.',
    })
  }
  const found = await asking(context, (asked) => client['wal.slots'](asked, { signal }))
  if (found.slots.length === 0) log.info('the server has no replication slots')
  if (given.choice('format') === 'json')
    world.writeOut(formatJson(slotsToJson(given.requireInstance().instance, found)))
  else world.writeOut(formatSlotTable(found))
  return EXIT.success
}

/** Names are confirmation enough, as they are for del-instance. One outcome for each of them. */
async function dropSlots(context: Context, names: readonly string[]): Promise<number> {
  const { client, given, log, signal, world } = context
  const isTrial = given.has('dry-run')
  const outcomes = isTrial
    ? foreseen(names, await asking(context, (asked) => client['wal.slots'](asked, { signal })))
    : await asking(context, (asked) => client['wal.drop-slots']({ ...asked, names: [...names] }, { signal }))
  for (const outcome of outcomes) {
    const level = outcome.outcome === 'dropped' ? 'info' : outcome.outcome === 'failed' ? 'error' : 'warning'
    log[level](describe(outcome, isTrial))
  }
  if (given.choice('format') === 'json') {
    world.writeOut(
      formatJson(
        outcomes.map((outcome) => ({
          ...outcome,
          outcome: isTrial && outcome.outcome === 'dropped' ? 'would-drop' : outcome.outcome,
        })),
      ),
    )
  }
  return outcomes.every(({ outcome }) => outcome === 'dropped') ? EXIT.success : EXIT.failure
}

/** What dropping would come to, as far as the server tells now. */
function foreseen(names: readonly string[], list: SlotList): readonly SlotDropOutcome[] {
  return names.map((name): SlotDropOutcome => {
    const slot = list.slots.find((each) => each.name === name)
    if (slot === undefined) return { name, outcome: 'gone' }
    return slot.isActive
      ? { name, outcome: 'in-use', pid: slot.activePid, client: slot.client }
      : { name, outcome: 'dropped' }
  })
}

function describe(outcome: SlotDropOutcome, isTrial: boolean): string {
  const slot = `replication slot "${outcome.name}"`
  switch (outcome.outcome) {
    case 'dropped':
      return isTrial ? `would drop ${slot}` : `${slot} was dropped`
    case 'gone':
      return `there is no ${slot}`
    case 'in-use': {
      const user = outcome.client === undefined ? '' : ` by ${outcome.client}`
      const process = outcome.pid === undefined ? '' : ` (process ${outcome.pid} of the server)`
      return `${slot} is in use${user}${process} and ${isTrial ? 'would stay' : 'was not dropped'}`
    }
    case 'failed':
      return `${slot} was not dropped: ${outcome.reason}`
  }
}

async function asking<Result>(context: Context, ask: (asked: Asked) => Promise<Result>): Promise<Result> {
  const { given } = context
  const asked = { ...given.requireInstance(), ...readConnection(given) }
  return await withPassword(context, (password) =>
    ask({ ...asked, ...(password !== undefined && { password }) }),
  )
}
