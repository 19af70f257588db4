import { parseLsn } from '../base/lsn.ts'
import type { ReplicationSlot } from '../server/postgres/replication-slots.ts'

/** A logical slot that nobody uses, and for which the server keeps 32 MiB of WAL. */
export const IDLE_SLOT: ReplicationSlot = {
  name: 'feed',
  kind: 'logical',
  plugin: 'pgoutput',
  database: 'shop',
  isActive: false,
  isTemporary: false,
  client: undefined,
  activePid: undefined,
  restartLsn: parseLsn('0/3000000'),
  behindBytes: 32 << 20,
  walStatus: 'extended',
  safeWalBytes: undefined,
  inactiveSince: undefined,
  xidAge: 12,
}
