import { expect } from 'vitest'
import type { TestServer } from './servers.ts'

const LEFT = `select jsonb_build_object(
  'sessions', (select count(*) from pg_stat_activity
                where application_name = 'tidemark' and pid <> pg_backend_pid()),
  'senders', (select count(*) from pg_stat_replication),
  'slots', (select count(*) from pg_replication_slots))::text`

/** Nothing of a backup is left on a server: no session, nobody who is sent WAL, no slot. It may take its time for that. */
export async function expectLeftAlone(server: TestServer): Promise<void> {
  await expect.poll(() => server.value('postgres', LEFT)).toBe('{"slots": 0, "senders": 0, "sessions": 0}')
}
