import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { SILENT_LOG } from '../base/log.ts'
import { type IdleCluster, startPostgres, type StartOptions } from '../host/embedded-postgres.ts'
import { openSession } from '../server/connection.ts'

type Kind = Pick<StartOptions, 'major' | 'hasChecksums' | 'walSegmentMb'>

/**
 * A cluster of that kind to make copies of, which saves half a second of initdb each; `undefined` where nobody keeps
 * them, which is outside of scenarios. It has no `template0`: a copy of `template1` that is never written to costs each
 * backup and each restore a third of its files and shows nothing that `template1` does not.
 */
export async function findFreshCluster({
  major = 17,
  hasChecksums = true,
  walSegmentMb = 16,
}: Kind): Promise<IdleCluster | undefined> {
  const shelf = process.env['TIDEMARK_FRESH_CLUSTERS']
  if (shelf === undefined) return undefined
  const place = path.join(shelf, `${major}-${hasChecksums ? 'checksums' : 'bare'}-${walSegmentMb}`)
  if (!existsSync(place)) {
    mkdirSync(shelf, { recursive: true, mode: 0o711 })
    const draft = `${place}-${randomUUID()}`
    await make(draft, { major, hasChecksums, walSegmentMb })
    publish(draft, place)
  }
  return {
    dataDirectory: path.join(place, 'data'),
    password: readFileSync(path.join(place, 'secret'), 'utf8'),
  }
}

async function make(directory: string, kind: Kind): Promise<void> {
  await using server = await startPostgres({ directory, ...kind })
  const { port, password } = server
  writeFileSync(path.join(directory, 'secret'), password, { mode: 0o600 })
  {
    await using session = await openSession(
      { host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres', env: {} },
      { signal: AbortSignal.timeout(60_000), log: SILENT_LOG },
    )
    await session.query("update pg_database set datistemplate = false where datname = 'template0'")
    await session.query('drop database template0')
  }
  await server.stop('fast')
}

/** Another process may have been faster; then its cluster serves. */
function publish(draft: string, place: string): void {
  try {
    renameSync(draft, place)
  } catch (thrown) {
    if (!existsSync(place)) throw thrown
    rmSync(draft, { recursive: true })
  }
}
