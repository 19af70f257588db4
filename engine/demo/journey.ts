import { chownSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import type { EngineClient } from '../api/contract/contract.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { EngineError, fromWireError } from '../base/engine-error.ts'
import { adoptPostgres } from '../host/embedded-postgres.ts'
import type { DemoServer } from './demo-server.ts'
import { CHANGE_STATEMENTS, SAMPLE_DATABASE } from './sample-database.ts'

/** Tells of one step when it is done: what, how long, and a word about the outcome. */
export type TellStep = (step: string, seconds: number, outcome: string) => void

/** Where the journey keeps what it makes. */
export type JourneyPlaces = { readonly catalog: string; readonly restored: string }

export const INSTANCE = 'shop'

/**
 * The whole main job without a window: FULL, change data, FULL, validate, restore, start the restored server, compare.
 * Throws with the reason as soon as one step does not hold.
 */
export async function runJourney(
  client: EngineClient,
  server: DemoServer,
  places: JourneyPlaces,
  tell: TellStep,
  signal: AbortSignal,
): Promise<void> {
  const ref = { catalog: places.catalog, instance: INSTANCE }
  const step = async <Value>(
    name: string,
    work: () => Promise<Value>,
    say: (value: Value) => string,
  ): Promise<Value> => {
    signal.throwIfAborted()
    const started = performance.now()
    const value = await work()
    tell(name, (performance.now() - started) / 1000, say(value))
    return value
  }

  const first = await step(
    'first FULL backup',
    () => backUp(client, ref, 'before the change'),
    describeBackup,
  )
  await step(
    'change the data',
    () => change(server),
    () => 'rows added, changed and deleted; a column added; an index rebuilt',
  )
  const second = await step(
    'second FULL backup',
    () => backUp(client, ref, 'after the change'),
    describeBackup,
  )
  // Nothing writes to these tables any more, so the live database is what the second backup must hold.
  const expected = await step(
    'fingerprint of the live database',
    () => server.fingerprint(),
    describeFingerprint,
  )
  await step(
    'validate every backup',
    () => finish(client, client['backups.validate']({ ...ref, threads: 2 })),
    (job) => (job.result?.kind === 'validate' ? `${job.result.verdicts.length} backups are OK` : ''),
  )
  mkdirSync(places.restored, { recursive: true, mode: 0o700 })
  if (server.owner !== undefined) chownSync(places.restored, server.owner.uid, server.owner.gid)
  const dataDirectory = path.join(places.restored, 'data')
  await step(
    'restore the second backup',
    () => finish(client, client['restore.start']({ ...ref, id: second.backupId, dataDirectory, threads: 2 })),
    (job) =>
      job.result?.kind === 'restore'
        ? `${job.result.fileCount} files, ${megabytes(job.result.writtenBytes)}`
        : '',
  )
  await using restored = await step(
    'start a server on it',
    () => adoptPostgres({ dataDirectory, major: server.major }),
    ({ port }) => `PostgreSQL ${server.major} answers on port ${port}`,
  )
  await step(
    'compare the data',
    async () => {
      const found = await server.fingerprint(restored.port)
      if (found !== expected) {
        throw new EngineError(
          'backup.damaged',
          'the restored database differs from the one that was backed up',
          {
            facts: { expected, found },
          },
        )
      }
      return found
    },
    () => `every row of ${SAMPLE_DATABASE} is the same`,
  )
  tell('backups in the catalog', 0, `${first.backupId} ${second.backupId}`)
}

async function backUp(client: EngineClient, ref: { catalog: string; instance: string }, note: string) {
  const job = await finish(
    client,
    client['backups.start']({
      ...ref,
      mode: 'FULL',
      isStream: true,
      threads: 2,
      compressAlgorithm: 'zlib',
      note,
    }),
  )
  if (job.result?.kind !== 'backup')
    throw new EngineError('internal.bug', 'a backup job ended without a backup')
  return job.result
}

async function change(server: DemoServer): Promise<void> {
  await server.pauseLoad()
  for (const statement of CHANGE_STATEMENTS) await server.run(statement)
}

/** Waits for a job to end, and throws what it failed with. */
async function finish(
  client: EngineClient,
  started: Promise<{ readonly job: string }>,
): Promise<JobSnapshot> {
  const { job } = await started
  for await (const _ of client['jobs.watch']({ job })) {
    // Only the end counts here.
  }
  const snapshot = await client['jobs.get']({ job })
  if (snapshot.error !== undefined) throw fromWireError(snapshot.error)
  if (snapshot.state !== 'succeeded')
    throw new EngineError('run.cancelled', `the ${snapshot.kind} job was ${snapshot.state}`)
  if (snapshot.result?.kind === 'validate' && !snapshot.result.isSound) {
    throw new EngineError('backup.damaged', snapshot.result.findings[0]?.message ?? 'validation found damage')
  }
  return snapshot
}

function describeBackup({
  backupId,
  status,
  dataBytes,
}: {
  backupId: string
  status: string
  dataBytes: number
}): string {
  return `${backupId} ${status}, ${megabytes(dataBytes)} stored`
}

function describeFingerprint(text: string): string {
  return `${text.split('\n').length} tables`
}

function megabytes(bytes: number): string {
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`
}
