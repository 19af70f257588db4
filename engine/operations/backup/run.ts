import path from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { counted } from '../../base/counted.ts'
import { describeError, EngineError } from '../../base/engine-error.ts'
import { formatLsn } from '../../base/lsn.ts'
import type { Phase } from '../../base/progress.ts'
import type { Run } from '../../base/run.ts'
import { writeBackupControl, writeContentList, writeLastControl } from '../../catalog/backup.ts'
import { chainOf } from '../../catalog/chain.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { lockAll } from '../../catalog/lock.ts'
import { createBackup } from '../../catalog/new-backup.ts'
import { type BackupControl, formatControlTime } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { formatDatabaseMap } from '../../format/database-map.ts'
import { type ConnectionSettings, openSession, type Session } from '../../server/connection.ts'
import { startBackup, type StoppedBackup, stopBackup, switchWal } from '../../server/postgres/backup-mode.ts'
import { readDatabaseMap, readFacts, type ServerFacts } from '../../server/postgres/facts.ts'
import type { WalPlace } from '../steps/read-wal.ts'
import { syncTree } from '../steps/sync-tree.ts'
import { openWorkerPool, type WorkerPool } from '../steps/worker-pool.ts'
import { type Basis, describeBasis, findBasis } from './basis.ts'
import { addTextFile } from './content.ts'
import { copyCluster } from './copy-cluster.ts'
import { firstControl } from './first-control.ts'
import { planIncrement, requireAfterParent } from './increment.ts'
import { requireSameCluster } from './identity.ts'
import { warnOfIdleSlots } from './idle-slots.ts'
import { slotsToTake, withoutDroppedSlots } from './slots-to-take.ts'
import { openReceiver, unlessLost } from './receiver.ts'
import { rewriteControlFileForReplica } from './replica-control-file.ts'
import { type BackupOptions, type BackupSettings, decideSettings } from './settings.ts'
import { listSources, logicalBytes, pendingEntries } from './sources.ts'
import {
  archivedWalBytes,
  type BackupWal,
  readWholeWal,
  receivedWalEntries,
  waitForSegment,
  waitForStopLsn,
} from './stream-wal.ts'
import { skipUnchangedByTime } from './unchanged-by-time.ts'
import { warnOfLost, warnOfServer } from './warn.ts'

export type BackupInput = {
  readonly catalog: string
  readonly instance: string
  readonly options: BackupOptions
  readonly connection: ConnectionSettings
  /** Written down as the version of the writer: no newer than the oldest tool that must read the backup. */
  readonly programVersion: string
  /** An increment is not taken against a backup that a newer program than that has written. */
  readonly newestProgramVersion: string
}

export type BackupOutcome = {
  readonly id: BackupId
  readonly directory: string
  readonly control: BackupControl
}

/** Told of the backup as soon as it has an id, and which mode it has become. */
type Tell = (id: BackupId, mode: BackupControl['mode']) => void

/**
 * Takes a backup and leaves it with status DONE: complete and durable, not yet validated.
 *
 * Whatever goes wrong after the backup got its directory, cancelling included, leaves it with status ERROR and an end
 * time, and the server out of backup mode. A process that is killed leaves RUNNING and a lock whose owner is gone;
 * the next backup or validation turns that into ERROR.
 */
export async function takeBackup(input: BackupInput, run: Run, tell: Tell): Promise<BackupOutcome> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const settings = decideSettings(input.options, inventory.config)

  // Threads take a while to start: they do it while the server answers.
  await using pool = openWorkerPool({ threads: settings.threads, signal: run.signal })
  report(run, 'connect')
  await using session = await openSession(input.connection, run)
  const facts = await readFacts(session)
  const dataDirectory = settings.dataDirectory ?? facts.dataDirectory
  if (dataDirectory === undefined) {
    throw new EngineError('value.malformed', 'the data directory of the server is not known', {
      hint: 'Grant the role pg_read_all_settings, or save the directory as pgdata in the configuration of the instance; on the command line --pgdata gives it.',
    })
  }
  await requireSameCluster(facts, dataDirectory, inventory.config)
  warnOfServer(facts, settings, run)
  await warnOfIdleSlots(session, facts, inventory.backups, run)
  const basis = await findBasis(
    settings,
    inventory,
    {
      session,
      facts,
      connection: input.connection,
      archiveDirectory: archiveOf(input).directory,
      newestProgramVersion: input.newestProgramVersion,
    },
    run,
  )
  // Nobody may delete or merge what the increment is taken against.
  await using _chain =
    basis.mode === 'FULL'
      ? undefined
      : await lockAll(chainOf(inventory, basis.parent.id).backups, 'shared', run)

  await using backup = await createBackup(inventory, {
    control: firstControl(settings, basis, facts, session.conninfo, input.programVersion),
    externalDirCount: settings.externalDirs.length,
    startSeconds: settings.startSeconds,
    run,
  })
  tell(backup.id, basis.mode)
  let { control } = backup
  const record = async (changes: Partial<BackupControl>): Promise<void> => {
    control = { ...control, ...changes }
    await writeBackupControl(backup.directory, control)
  }
  run.log.info(describeStart(backup.id, basis, settings))
  if (settings.compressAlgorithm === 'lz4' || settings.compressAlgorithm === 'zstd') {
    run.log.warning(`pages compressed with ${settings.compressAlgorithm} can be read by Tidemark only`)
  }
  try {
    await fill({
      id: backup.id,
      directory: backup.directory,
      control,
      record,
      input,
      settings,
      basis,
      facts,
      dataDirectory,
      session,
      pool,
      run,
    })
  } catch (thrown) {
    control = { ...control, status: 'ERROR', endSeconds: nowSeconds(run) }
    // The first failure is the one to tell. Without a status the lock, which nobody holds then, tells the same.
    await writeLastControl(backup.directory, control).catch((failed: unknown) =>
      run.log.warning(`the status of backup ${backup.id} cannot be written: ${describeError(failed)}`),
    )
    throw thrown
  }
  run.log.info(`backup ${backup.id} completed`)
  return { id: backup.id, directory: backup.directory, control }
}

type Context = {
  readonly id: BackupId
  readonly directory: string
  readonly control: BackupControl
  readonly record: (changes: Partial<BackupControl>) => Promise<void>
  readonly input: BackupInput
  readonly settings: BackupSettings
  readonly basis: Basis
  readonly facts: ServerFacts
  readonly dataDirectory: string
  readonly session: Session
  readonly pool: WorkerPool
  readonly run: Run
}

/** The runbook: start, list, copy, stop, prove the WAL, make durable, record. */
async function fill(context: Context): Promise<void> {
  const { directory, record, settings, facts, session, pool, run } = context
  const database = path.join(directory, 'database')
  const timeoutMs = settings.archiveTimeoutMs

  report(run, 'checkpoint', 'the server decides how long its checkpoint takes')
  const beganMs = run.clock.nowMs()
  const label = `${formatControlTime(context.control.startSeconds)} with pg_probackup`
  const started = await startBackup(session, facts.major, {
    label,
    isFast: settings.isFastCheckpoint,
    signal: run.signal,
  })
  run.log.info(`backup starts at ${formatLsn(started.startLsn)} on timeline ${started.timeline}`)
  await record({ startLsn: started.startLsn, timeline: started.timeline })
  const readsArchive = !settings.isStream || context.basis.mode === 'PAGE'
  if (readsArchive && !facts.isInRecovery) await switchWal(session)

  const wal = placeOfWal(context, database, started.timeline)
  await using receiver = settings.isStream
    ? await openReceiver(context.input.connection, wal, started.startLsn, settings.slot, run)
    : undefined
  await unlessLost(receiver, run, (until) => waitForSegment(wal, started.startLsn, timeoutMs, until))

  report(run, 'list-files')
  const sources = await listSources(context, await slotsToTake(settings, session, run), run)
  const databases = await readDatabaseMap(session).catch((thrown: unknown) => {
    run.log.warning(`the list of databases cannot be read: ${describeError(thrown)}`)
    return undefined
  })
  const pgdataBytes = logicalBytes(sources.filter(({ externalDirNumber }) => externalDirNumber === 0))
  run.log.info(`the data directory holds ${pgdataBytes} bytes in ${sources.length} files and directories`)
  const planned = await writeContentList(directory, pendingEntries(sources))
  await record({ pgdataBytes, contentCrc: planned.crc })

  const copyOptions = {
    compressAlgorithm: settings.compressAlgorithm,
    compressLevel: settings.compressLevel,
    hasChecksums: facts.hasChecksums,
  }
  const increment = await planIncrement(
    {
      ...context,
      archive: { ...wal, place: archiveOf(context.input) },
      timeoutMs,
    },
    { startLsn: started.startLsn, sources },
  )
  const copied = await unlessLost(receiver, run, async (until) => {
    const listed = { ...context, sources, startLsn: started.startLsn, beganMs }
    const held = await skipUnchangedByTime(increment, listed, pool, until)
    return withoutDroppedSlots(await copyCluster(sources, directory, copyOptions, held, pool, until))
  })

  report(run, 'stop-backup')
  const stopped = await stopBackup(session, facts.major, {
    restorePoint: facts.isInRecovery ? undefined : `pg_probackup, backup_id ${context.id}`,
    timeoutMs,
    signal: run.signal,
  })
  const texts = await addServerTexts(database, stopped)
  receiver?.stopAt(stopped.stopLsn)
  const stopAt = { startLsn: started.startLsn, stopLsn: stopped.stopLsn, isFromReplica: facts.isInRecovery }
  const stopLsn = await unlessLost(receiver, run, (until) => waitForStopLsn(wal, stopAt, timeoutMs, until))
  run.log.info(`backup stops at ${formatLsn(stopLsn)}`)
  requireAfterParent(context.basis, stopLsn)
  await receiver?.finish()
  const received = settings.isStream ? await receivedWalEntries(database, facts.walSegmentBytes, pool) : []
  const { recoveryTimeMicros, databaseChanges } = await readWholeWal(wal, started.startLsn, stopLsn, run)
  const recoverySeconds =
    recoveryTimeMicros === undefined ? stopped.recoveryTimeSeconds : Number(recoveryTimeMicros / 1_000_000n)
  warnOfLost(databaseChanges, sources, copied, databases ?? [], run)

  const entries = facts.isInRecovery
    ? await rewriteControlFileForReplica(copied, context.dataDirectory, database, stopLsn)
    : copied
  const map =
    databases === undefined ? [] : [await addTextFile(database, 'database_map', formatDatabaseMap(databases))]
  const content = [...entries, ...texts, ...received, ...map]
  const written = await writeContentList(directory, content)

  if (settings.isSynced) {
    report(run, 'sync', 'the disk decides')
    await syncTree(directory, run.signal)
  }
  await record({
    stopLsn,
    recoveryXid: stopped.recoveryXid,
    recoverySeconds,
    expireSeconds: pinnedUntil(settings, recoverySeconds),
    dataBytes: written.dataBytes,
    uncompressedBytes: written.uncompressedBytes,
    walBytes: settings.isStream ? written.walBytes : archivedWalBytes(wal, started.startLsn, stopLsn),
    contentCrc: written.crc,
    endSeconds: nowSeconds(run),
    status: 'DONE',
  })
}

function archiveOf({ catalog, instance }: BackupInput): WalPlace {
  return { directory: path.join(catalog, 'wal', instance), kind: 'archive' }
}

function placeOfWal({ input, settings, facts }: Context, database: string, timeline: number): BackupWal {
  return {
    place: settings.isStream ? { directory: path.join(database, 'pg_wal'), kind: 'plain' } : archiveOf(input),
    timeline,
    segmentBytes: facts.walSegmentBytes,
    systemIdentifier: facts.systemIdentifier,
  }
}

/** `backup_label` and `tablespace_map` come from the server; without the label the backup could not be started. */
async function addServerTexts(database: string, stopped: StoppedBackup): Promise<readonly ContentEntry[]> {
  const label = await addTextFile(database, 'backup_label', stopped.backupLabel)
  if (stopped.tablespaceMap === '') return [label]
  return [label, await addTextFile(database, 'tablespace_map', stopped.tablespaceMap)]
}

function pinnedUntil(settings: BackupSettings, recoverySeconds: number): number | undefined {
  if (settings.expireSeconds !== undefined) return settings.expireSeconds
  return settings.ttlSeconds === undefined || settings.ttlSeconds === 0
    ? undefined
    : recoverySeconds + settings.ttlSeconds
}

function describeStart(id: BackupId, basis: Basis, settings: BackupSettings): string {
  const wal = settings.isStream ? 'STREAM' : 'ARCHIVE'
  const level = settings.compressAlgorithm === 'none' ? '' : ` level ${settings.compressLevel}`
  return `backup ${id}: ${describeBasis(basis)}, WAL mode ${wal}, compression ${settings.compressAlgorithm}${level}, ${counted(settings.threads, 'thread')}`
}

function report(run: Run, phase: Phase, reason?: string): void {
  run.report({
    phase,
    doneBytes: 0,
    totalBytes: undefined,
    doneFiles: 0,
    totalFiles: undefined,
    currentFiles: [],
    ...(reason !== undefined && { reason }),
  })
}

function nowSeconds(run: Run): number {
  return Math.floor(run.clock.nowMs() / 1000)
}
