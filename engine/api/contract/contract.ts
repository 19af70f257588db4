import type { Client, Handlers } from '../define.ts'
import { app } from './app.ts'
import { archiving } from './archiving.ts'
import { backups } from './backups.ts'
import { drills } from './drills.ts'
import { instances } from './instances.ts'
import { jobs } from './jobs.ts'
import { recovery } from './recovery.ts'
import { restore } from './restore.ts'
import { restored } from './restored.ts'
import { retention } from './retention.ts'
import { scratchServers } from './scratch.ts'
import { slots } from './slots.ts'
import { wal } from './wal.ts'
import { walIndex } from './wal-index.ts'
import { walReceiver } from './wal-receiver.ts'
import { walSetup } from './wal-setup.ts'

/** Everything that can be asked of the engine. Window, command line and tests speak this and nothing else. */
export const contract = {
  ...app,
  ...instances,
  ...backups,
  ...restore,
  ...restored,
  ...retention,
  ...recovery,
  ...drills,
  ...scratchServers,
  ...wal,
  ...walIndex,
  ...archiving,
  ...walReceiver,
  ...walSetup,
  ...slots,
  ...jobs,
}

export type EngineContract = typeof contract
export type EngineClient = Client<EngineContract>
export type EngineHandlers = Handlers<EngineContract>
