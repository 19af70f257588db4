import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { AppState } from './app-state.ts'
import type { DrillBook } from './drill-book.ts'
import type { Changes } from './changes.ts'
import type { AppInfo } from './contract/app.ts'
import type { JobKind, JobResult } from './contract/jobs.ts'
import type { ScratchServers } from './scratch-servers.ts'
import type { SecretStore } from './secrets.ts'
import type { WalIndexes } from './wal-indexes.ts'

/** What the handlers share. */
export type EngineContext = {
  readonly clock: Clock
  /** What time it is for plans: `TIDEMARK_NOW` may hold it. */
  readonly planClock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly secrets: SecretStore
  readonly transport: AppInfo['transport']
  readonly state: AppState
  readonly changes: Changes
  readonly jobs: Jobs<JobKind, JobResult>
  readonly walIndexes: WalIndexes
  readonly book: DrillBook
  readonly scratch: ScratchServers
}
