import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError, toWireError } from '../../base/engine-error.ts'
import { type IsoTime, secondsFromIso } from '../../base/iso-time.ts'
import { type Log, SILENT_LOG } from '../../base/log.ts'
import { backupNotFound } from '../../catalog/backup-not-found.ts'
import { readContentList } from '../../catalog/backup.ts'
import { requireCatalog, listInstances, readInstanceConfig } from '../../catalog/instance.ts'
import { backupDirectories, type Inventory, readInventory } from '../../catalog/inventory.ts'
import { ruleKindOf } from '../../catalog/retention.ts'
import { formatBackupControl } from '../../format/backup-control.ts'
import { parseDatabaseMap } from '../../format/database-map.ts'
import { parseTablespaceMap } from '../../format/tablespace-map.ts'
import { annotateBackup } from '../../operations/annotate/run.ts'
import { readOutlook } from '../../operations/backup/outlook.ts'
import { measurePlan } from '../../operations/delete/measure.ts'
import { planDelete } from '../../operations/delete/plan.ts'
import { deleteBackups } from '../../operations/delete/run.ts'
import { markFailed } from '../../operations/mark-failed/run.ts'
import { requireMergePlan } from '../../operations/merge/plan.ts'
import { type PastMerge, readMergeOutlook } from '../../operations/merge/outlook.ts'
import { mergeBackups } from '../../operations/merge/run.ts'
import { validateBackups } from '../../operations/validate/run.ts'
import { backUp } from '../backup-job.ts'
import { backupRecords } from '../backup-records.ts'
import { connectionOf } from '../connections.ts'
import type { EngineContext } from '../context.ts'
import type { BackupRecord, BackupTablespace, backups as contract } from '../contract/backups.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { JobResult } from '../contract/jobs.ts'
import { quietRun } from '../quiet-run.ts'
import { validateTarget } from '../validate-target.ts'
import { NEWEST_PROGRAM_VERSION, WRITTEN_PROGRAM_VERSION } from '../version.ts'

/** As many of the newest jobs are looked through for merges. */
const MOST_PAST_JOBS = 500

export function backupHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { jobs, changes, clock } = context
  return {
    'backups.list': async ({ catalog, instance }, { signal }) => {
      const inventory = await readInventory(catalog, instance, { signal })
      return {
        instance,
        revision: inventory.revision,
        backups: backupRecords(inventory),
        problems: inventory.problems,
        retentionRule: ruleKindOf(inventory),
      }
    },
    'backups.detail': async ({ catalog, instance, id }, { signal }) => {
      const inventory = await readInventory(catalog, instance, { signal })
      const backup = requireBackup(inventory, id)
      const record = requireRecord(inventory, id)
      const entries = await readContentList(backup).catch(() => undefined)
      const databaseMap = textOf(backup.directory, 'database_map')
      return {
        backup: record,
        tablespaces: tablespacesOf(backup.directory),
        databases: databaseMap === undefined ? [] : parseDatabaseMap(databaseMap),
        fileCount: entries?.length,
        controlText: backup.control === undefined ? '' : formatBackupControl(backup.control),
        directory: backup.directory,
      }
    },
    'backups.tablespaces': async ({ catalog, instance }) => {
      const found: Record<string, readonly BackupTablespace[]> = {}
      for (const directory of backupDirectories(catalog, instance)) {
        const tablespaces = tablespacesOf(directory)
        if (tablespaces.length > 0) found[path.basename(directory)] = tablespaces
      }
      return found
    },
    'backups.estimate': async ({ catalog, instance, compressAlgorithm, compressLevel }, { signal }) => {
      const run = quietRun(context, signal)
      const { config } = await readInventory(catalog, instance, run)
      const { problem, ...outlook } = await readOutlook(
        {
          catalog,
          instance,
          options: { compressAlgorithm, compressLevel },
          connection: await connectionOf(context, { catalog, instance }, config),
          newestProgramVersion: NEWEST_PROGRAM_VERSION,
        },
        run,
      )
      return { ...outlook, problem: problem && toWireError(problem) }
    },
    'backups.start': async (request) => {
      await requireCatalog(request.catalog)
      const { id } = jobs.start({
        kind: 'backup',
        catalog: request.catalog,
        instance: request.instance,
        mode: request.mode,
        queue: queueOf(request),
        run: (run, tell) => backUp(context, request, run, tell),
      })
      return { job: id }
    },
    'backups.annotate': async ({ catalog, instance, id, note, ttlSeconds, expireTime }, { signal }) => {
      await annotateBackup(
        {
          catalog,
          instance,
          id,
          note,
          ttlSeconds,
          expireSeconds: expireTime == null ? expireTime : secondsFromIso(expireTime as IsoTime),
        },
        { signal, report: () => undefined, log: SILENT_LOG, clock },
      )
      changes.tell('instance', catalog, instance)
      return requireRecord(await readInventory(catalog, instance, { signal }), id)
    },
    'backups.mark-failed': async ({ catalog, instance, id }, { signal }) => {
      await markFailed({ catalog, instance, id }, quietRun(context, signal))
      changes.tell('instance', catalog, instance)
      return requireRecord(await readInventory(catalog, instance, { signal }), id)
    },
    'backups.plan-delete': async ({ catalog, instance, status, ...named }, { signal }) => {
      const inventory = await readInventory(catalog, instance, { signal })
      return await measurePlan(inventory, planDelete(inventory, { ids: idsOf(named), status }), signal)
    },
    'backups.delete': async ({ catalog, instance, status, hash, ...named }) => {
      const ids = idsOf(named)
      const job = jobs.start({
        kind: 'delete',
        catalog,
        instance,
        backupId: ids?.length === 1 ? ids[0] : undefined,
        queue: queueOf({ catalog, instance }),
        run: async (run): Promise<JobResult> => ({
          kind: 'delete',
          ...(await deleteBackups({ catalog, instance, request: { ids, status }, hash }, run)),
        }),
      })
      return { job: job.id }
    },
    'backups.plan-merge': async ({ catalog, instance, id }, { signal }) =>
      requireMergePlan(await readInventory(catalog, instance, { signal }), {
        id,
        newestProgramVersion: NEWEST_PROGRAM_VERSION,
      }),
    'backups.estimate-merge': async ({ catalog, instance, id, threads }, { signal }) =>
      await readMergeOutlook(
        {
          catalog,
          instance,
          request: { id, newestProgramVersion: NEWEST_PROGRAM_VERSION },
          threads: threads ?? 1,
          past: pastMerges(context, catalog),
        },
        { signal },
      ),
    'backups.merge': async ({ catalog, instance, id, hash, threads, isValidated, isSynced }) => {
      const job = jobs.start({
        kind: 'merge',
        catalog,
        instance,
        backupId: id,
        queue: queueOf({ catalog, instance }),
        run: async (run): Promise<JobResult> => {
          const input = {
            catalog,
            instance,
            request: { id, newestProgramVersion: NEWEST_PROGRAM_VERSION },
            hash,
            threads: threads ?? 1,
            isValidated: isValidated ?? true,
            isSynced: isSynced ?? true,
            programVersion: WRITTEN_PROGRAM_VERSION,
          }
          return { kind: 'merge', ...(await mergeBackups(input, run)) }
        },
      })
      return { job: job.id }
    },
    'backups.validate': async ({ catalog, instance, threads, checksBlocks, ...rest }) => {
      const { target, isInclusive, targetTimeline, ...named } = rest
      await requireCatalog(catalog)
      const ids = idsOf(named)
      if (ids !== undefined && instance === undefined) {
        throw new EngineError('usage.invalid', 'a backup is named without its instance', {
          hint: 'Name the instance as well: IDs are those of one instance.',
        })
      }
      const job = jobs.start({
        kind: 'validate',
        catalog,
        instance,
        backupId: ids?.length === 1 ? ids[0] : undefined,
        run: async (run): Promise<JobResult> => {
          const { instances, isComplete } =
            instance === undefined
              ? await readableInstances(catalog, run.log)
              : { instances: [instance], isComplete: true }
          const input = {
            catalog,
            instances,
            ids,
            threads: threads ?? 1,
            checksBlocks: checksBlocks ?? true,
            newestProgramVersion: NEWEST_PROGRAM_VERSION,
          }
          const outcome =
            target === undefined && targetTimeline === undefined
              ? await validateBackups(input, run)
              : await validateTarget(input, { target, isInclusive, targetTimeline }, run)
          return { kind: 'validate', ...outcome, isSound: outcome.isSound && isComplete }
        },
      })
      return { job: job.id }
    },
    'catalog.instances': async ({ catalog }) => await listInstances(await requireCatalog(catalog)),
  }
}

/** The backups that a request names, one or several. */
function idsOf(named: {
  readonly id?: BackupId | undefined
  readonly ids?: readonly BackupId[] | undefined
}): readonly BackupId[] | undefined {
  if (named.id === undefined) return named.ids
  if (named.ids === undefined) return [named.id]
  throw new EngineError('usage.invalid', 'backups are named in two ways', {
    hint: 'Name one with `id`, or several with `ids`.',
  })
}

/** Merges in a catalog that went through from their beginning, newest first, as the journal has them. */
function pastMerges({ jobs }: EngineContext, catalog: string): readonly PastMerge[] {
  return jobs.list(MOST_PAST_JOBS).flatMap((job) => {
    const { result, startedAt, endedAt } = job
    if (job.catalog !== catalog || job.state !== 'succeeded' || result?.kind !== 'merge') return []
    if (result.memberBytes === undefined || startedAt === undefined || endedAt === undefined) return []
    const seconds = Math.max(1, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
    return [{ memberBytes: result.memberBytes, seconds }]
  })
}

/** Jobs that change an instance go one after the other. */
export function queueOf({
  catalog,
  instance,
}: {
  readonly catalog: string
  readonly instance: string
}): string {
  return `${catalog}\n${instance}`
}

function requireBackup(inventory: Inventory, id: BackupId): Inventory['backups'][number] {
  const backup = inventory.backups.find((one) => one.id === id)
  if (backup === undefined) {
    throw backupNotFound(inventory, id)
  }
  return backup
}

function requireRecord(inventory: Inventory, id: BackupId): BackupRecord {
  const record = backupRecords(inventory).find((one) => one.id === id)
  if (record === undefined) {
    throw backupNotFound(inventory, id)
  }
  return record
}

function tablespacesOf(directory: string): readonly BackupTablespace[] {
  const text = textOf(directory, 'tablespace_map')
  return text === undefined ? [] : parseTablespaceMap(text)
}

/** A small text file of the backup; undefined when the backup has none. */
function textOf(directory: string, name: string): string | undefined {
  const file = path.join(directory, 'database', name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** The instances of a catalog whose settings can be read: the others keep none of these from being validated. */
async function readableInstances(
  catalog: string,
  log: Log,
): Promise<{ readonly instances: readonly string[]; readonly isComplete: boolean }> {
  const all = await listInstances(catalog)
  const instances = all.filter((instance) => {
    try {
      readInstanceConfig(catalog, instance)
      return true
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown
      log.error(thrown.message)
      return false
    }
  })
  return { instances, isComplete: instances.length === all.length }
}
