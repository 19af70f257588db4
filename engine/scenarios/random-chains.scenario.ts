import path from 'node:path'
import { expect, test } from 'vitest'
import type { BackupRecord } from '../api/contract/backups.ts'
import { hasEnded, type JobSnapshot } from '../api/contract/jobs.ts'
import { type BackupId, parseBackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import { makeArchive, type TestArchive } from '../testing/archives.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import {
  checkRelations,
  type Dice,
  diceOf,
  fingerprintOf,
  liveOn,
  liveOnDuringBackup,
  makeWorld,
  WORLD_SETTINGS,
} from '../testing/random-world.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  opened,
  serverDirectory,
  serverMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'
import { findLedgerFaults, LEDGER_STATEMENTS, startWriteLoad, type WriteLoad } from '../testing/write-load.ts'

/** `TIDEMARK_CHAINS=200 TIDEMARK_SEED=1` runs the chains with the seeds 1 to 200; a failure names its seed. */
const COUNT = Number(process.env['TIDEMARK_CHAINS'] ?? 2)
const FIRST_SEED = Number(process.env['TIDEMARK_SEED'] ?? 1)

/** Where the write load posts its entries. */
const SHOP = 'shop'

type World = {
  readonly dice: Dice
  readonly server: TestServer
  readonly engine: TestEngine
  readonly ref: { readonly catalog: string; readonly instance: string }
  readonly scratch: string
  readonly archive: TestArchive
  readonly tell: (step: string) => void
}

/** What a backup must bring back. */
type Moment = {
  readonly id: BackupId
  readonly isStream: boolean
  readonly fingerprint: string
  /** Databases that were written to while the fingerprint was taken. */
  readonly except: readonly string[]
  /** Entries of the ledger that were committed before the backup stopped. */
  readonly promised: readonly number[]
}

test.for(Array.from({ length: COUNT }, (_, index) => FIRST_SEED + index))(
  'whatever happens to a cluster, each backup of its chains restores its moment (seed %i)',
  async (seed, { onTestFailed }) => {
    const story: string[] = []
    onTestFailed(() => {
      process.stdout.write(`TIDEMARK_SEED=${seed} TIDEMARK_CHAINS=1 repeats: ${story.join('; ')}\n`)
    })
    await liveThrough(diceOf(seed), (step) => story.push(step))
    // Whoever runs many keeps a record of them.
    if (COUNT > 2) process.stdout.write(`seed ${seed}: ${story.join('; ')}\n`)
  },
)

async function liveThrough(dice: Dice, tell: (step: string) => void): Promise<void> {
  const major = dice.pick(serverMajors())
  const walCompression = dice.pick(['off', 'pglz'])
  tell(`PostgreSQL ${major}, wal_compression ${walCompression}`)
  await using scratch = await scratchDirectory('random')
  const archive = makeArchive(scratch.path)
  await using server = await startServer(scratch.path, {
    major,
    walSegmentMb: 1,
    settings: {
      ...WORLD_SETTINGS,
      ...(major >= 17 && { summarize_wal: 'on' }),
      wal_compression: walCompression,
      ...archive.settings,
    },
  })
  await using engine = await startEngine()
  const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
  await archive.serve(ref)
  await makeWorld(server)
  await server.run('postgres', `create database ${SHOP}`)
  await server.run(SHOP, ...LEDGER_STATEMENTS)

  const world: World = { dice, server, engine, ref, scratch: scratch.path, archive, tell }
  let moments: readonly Moment[] = []
  for (let round = 0, rounds = 3 + dice.roll(3); round < rounds; round++) {
    if (round > 0) await liveOn(server, dice, tell)
    // A restart may give the server another port.
    await engine.client['instances.change-config']({ ...ref, values: { pgport: String(server.port) } })
    moments = [...moments, await backUp(world, round === 0)]
    if (dice.roll(4) === 0) moments = await tidyUp(world, moments)
  }
  await expectSound(world)
  const [last, ...others] = moments.toReversed()
  if (last !== undefined) await expectRestored(world, last)
  if (others.length > 0) await expectRestored(world, dice.pick(others))
}

/** Takes a backup, perhaps under a write load, perhaps with much happening while it is being taken. */
async function backUp(world: World, isFirst: boolean): Promise<Moment> {
  const { dice, server, engine, ref, archive, tell } = world
  const mode = isFirst
    ? 'FULL'
    : dice.pick(['DELTA', 'DELTA', 'PAGE', 'PAGE', 'PTRACK', 'PTRACK', 'AUTO', 'FULL'] as const)
  const isStream = dice.roll(2) === 0
  const compressAlgorithm = dice.pick(['none', 'none', 'zlib', 'zlib', 'pglz', 'lz4', 'zstd'] as const)
  const request = {
    ...ref,
    isStream,
    compressAlgorithm,
    threads: 1 + dice.roll(3),
    isValidated: dice.roll(2) === 0,
    isSynced: false,
  }
  const isUnderLoad = dice.roll(3) === 0
  // Only WAL that does not come holds up a backup.
  const isHeldUp = dice.roll(2) === 0 && (!isStream || mode === 'PAGE')
  await using load = isUnderLoad ? await startLoad(server) : undefined
  tell(
    `${mode} ${isStream ? 'STREAM' : 'ARCHIVE'} ${compressAlgorithm}${isUnderLoad ? ' under load' : ''}${isHeldUp ? ', during which:' : ''}`,
  )
  let isChanged = !isHeldUp
  const attempt = async (as: typeof mode): Promise<JobSnapshot> => {
    if (!isChanged) await archive.close()
    const started = engine.client['backups.start']({ ...request, mode: as })
    if (
      !isChanged &&
      (await isAsFarAs(engine, started, isStream ? 'the data directory holds' : 'backup starts at'))
    ) {
      await liveOnDuringBackup(server, dice, tell)
      isChanged = true
    }
    await archive.open()
    return await engine.ended(started)
  }
  let job = await attempt(mode)
  // Where nothing is tracked, or deletion left no parent.
  if (job.error?.code === 'plan.refused') job = await attempt('AUTO')
  if (job.error !== undefined) {
    throw new EngineError(job.error.code, job.error.message, { hint: job.error.hint })
  }
  await load?.stop()
  const { id, stopLsn } = await backupOf(world, String(job.backupId))
  tell(`took ${job.mode} ${id}`)
  const except = isUnderLoad ? [SHOP] : []
  const committed = (load?.committed ?? []).filter(({ lsn }) => lsn <= stopLsn)
  return {
    id,
    isStream,
    fingerprint: await fingerprintOf(server, except),
    except,
    promised: committed.map(({ entry }) => entry),
  }
}

/** A load begins with the first entry, so that those of the one before have to go. */
async function startLoad(server: TestServer): Promise<WriteLoad> {
  await server.run(SHOP, 'truncate ledger', 'update account set balance = 0')
  const load = await startWriteLoad(server, SHOP)
  await expect.poll(() => load.committed.length).toBeGreaterThan(20)
  return load
}

/** Waits until the log of a job has a line that begins so; false when the job ends without. */
async function isAsFarAs(
  engine: TestEngine,
  started: Promise<{ readonly job: string }>,
  line: string,
): Promise<boolean> {
  const { job } = await started
  let isThere = false
  const look = async (): Promise<boolean> => {
    const snapshot = await engine.client['jobs.get']({ job })
    const { entries } = await engine.client['jobs.log']({ job, from: 0 })
    isThere = entries.some(({ message }) => message.startsWith(line))
    return isThere || hasEnded(snapshot)
  }
  await expect.poll(look).toBe(true)
  return isThere
}

/** Merges or deletes a backup, and gives what can be restored afterwards. */
async function tidyUp(
  { dice, engine, ref, tell }: World,
  moments: readonly Moment[],
): Promise<readonly Moment[]> {
  const { backups } = await engine.client['backups.list'](ref)
  const { id } = dice.pick(moments)
  const without = (gone: readonly BackupId[]) => moments.filter((moment) => !gone.includes(moment.id))
  if (dice.roll(3) === 0) {
    const plan = await engine.client['backups.plan-delete']({ ...ref, id })
    const left = without(plan.backups.map((backup) => backup.id))
    // There would be nothing to restore.
    if (left.length === 0) return moments
    tell(`delete ${id}`)
    await expectDone(engine.ended(engine.client['backups.delete']({ ...ref, id, hash: plan.hash })))
    return left
  }
  if (backups.find((backup) => backup.id === id)?.mode === 'FULL') return moments
  tell(`merge ${id}`)
  const { hash, vanishingIds, orphanedIds } = await engine.client['backups.plan-merge']({ ...ref, id })
  await expectDone(
    engine.ended(engine.client['backups.merge']({ ...ref, id, hash, threads: 2, isSynced: false })),
  )
  return without([...vanishingIds, ...orphanedIds])
}

async function expectSound({ engine, ref }: World): Promise<void> {
  const job = await engine.ended(engine.client['backups.validate']({ ...ref, threads: 2 }))
  const { backups } = await engine.client['backups.list'](ref)
  if (backups.length > 0) expect(job.result).toMatchObject({ kind: 'validate', isSound: true, findings: [] })
}

/** Restores a backup, starts a server on it, and holds that to the moment. */
async function expectRestored(world: World, moment: Moment): Promise<void> {
  const { engine, ref, server, tell } = world
  tell(`restore ${moment.id}`)
  const place = serverDirectory(path.join(world.scratch, `restored-${moment.id}`))
  const dataDirectory = path.join(place, 'data')
  const bare = {
    ...ref,
    id: moment.id,
    dataDirectory,
    threads: 2,
    // All has been validated by now.
    isValidated: false,
    isSynced: false,
    // Otherwise it would go on with what the archive holds of later times.
    ...(!moment.isStream && {
      target: { kind: 'immediate' as const },
      targetAction: 'promote' as const,
      restoreCommand: `cp "${world.archive.directory}/%f" "%p"`,
    }),
  }
  const { tablespaces } = await engine.client['restore.plan'](bare)
  const tablespaceMapping = tablespaces.map(({ from, oid }) => ({ from, to: path.join(place, `ts-${oid}`) }))
  await expectDone(engine.ended(engine.client['restore.start']({ ...bare, tablespaceMapping })))
  await using restored = await startRestored(dataDirectory, server.major, server.password)
  await opened(restored)
  expect(await fingerprintOf(restored, moment.except)).toBe(moment.fingerprint)
  expect(await findLedgerFaults(restored, SHOP, moment.promised)).toEqual([])
  await checkRelations(restored)
}

async function expectDone(job: Promise<JobSnapshot>): Promise<void> {
  expect((await job).error).toBeUndefined()
}

async function backupOf({ engine, ref }: World, id: string): Promise<BackupRecord> {
  return (await engine.client['backups.detail']({ ...ref, id: parseBackupId(id) })).backup
}
