import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { InstanceRef } from '../../api/contract/values.ts'
import type { BackupRecord } from '../../api/contract/backups.ts'
import { archiveToJson, formatArchiveTable } from '../archive-listing.ts'
import { backupToJson, formatBackupDetail, formatBackupTable } from '../backup-listing.ts'
import { type Command, type Context, EXIT } from '../context.ts'
import { formatJson, type JsonValue } from '../json-text.ts'

/** Lists backups or WAL archives, or prints one backup in full. Source: `catalog-format.md` 13.3, 14.1 and 14.2. */
export const show: Command = async (context) => {
  const { client, given, signal, world } = context
  given.refuseTogether('backup-id', 'archive')
  if (given.has('archive')) return await showArchives(context)
  const catalog = given.requireCatalog()
  const id = given.backupId('backup-id')
  const isJson = given.choice('format') === 'json'
  if (given.own('instance') === undefined) {
    if (id !== undefined) {
      throw new EngineError('usage.invalid', 'a backup ID alone does not say which instance is meant', {
        hint: 'Name the instance with --instance.',
      })
    }
    const instances = await client['catalog.instances']({ catalog }, { signal })
    const listed: JsonValue[] = []
    const status = await eachOf(context, instances, async (instance) => {
      const ref = { catalog, instance }
      if (isJson) listed.push(await listAsJson(context, ref, undefined))
      else world.writeOut(`\nBACKUP INSTANCE '${instance}'\n${await listAsTable(context, ref)}`)
    })
    if (isJson) world.writeOut(formatJson(listed))
    return status
  }
  const ref = given.requireInstance()
  if (isJson) world.writeOut(formatJson([await listAsJson(context, ref, id)]))
  else if (id === undefined) world.writeOut(await listAsTable(context, ref))
  else await showOne(context, ref, id)
  return EXIT.success
}

/** All instances or one; the heading stands above each table either way. */
async function showArchives(context: Context): Promise<number> {
  const { client, given, log, signal, world } = context
  const catalog = given.requireCatalog()
  const own = given.own('instance')
  const instances = own === undefined ? await client['catalog.instances']({ catalog }, { signal }) : [own]
  const isJson = given.choice('format') === 'json'
  const listed: JsonValue[] = []
  const status = await eachOf(context, instances, async (instance) => {
    const ref = { catalog, instance }
    const archive = await client['wal.archive'](ref, { signal })
    for (const { name, message } of archive.problems) log.warning(`${name} of ${instance} ${message}`)
    if (isJson) {
      const tablespaces = await client['backups.tablespaces'](ref, { signal })
      listed.push({ instance, timelines: archiveToJson(archive, tablespaces) })
    } else {
      const table = formatArchiveTable(archive, world.isOutTerminal && !given.has('no-color'))
      world.writeOut(`\nARCHIVE INSTANCE '${instance}'\n${table}`)
    }
  })
  if (isJson && (own === undefined || status === EXIT.success)) world.writeOut(formatJson(listed))
  return status
}

const OF_ONE_INSTANCE: ReadonlySet<string> = new Set(['instance.not-found', 'format.damaged'])

/** Lists one instance after the other. One whose settings cannot be read is told of and hides none of the others. */
async function eachOf(
  { log }: Context,
  instances: readonly string[],
  list: (instance: string) => Promise<void>,
): Promise<number> {
  let status: number = EXIT.success
  for (const instance of instances) {
    try {
      await list(instance)
    } catch (thrown) {
      if (!(thrown instanceof EngineError) || !OF_ONE_INSTANCE.has(thrown.code)) throw thrown
      log.failure(thrown)
      status = EXIT.failure
    }
  }
  return status
}

async function listAsTable(context: Context, ref: InstanceRef): Promise<string> {
  const { client, given, log, signal, world } = context
  const { backups, problems } = await client['backups.list'](ref, { signal })
  for (const { id, message } of problems) log.warning(`backup ${id} of ${ref.instance}: ${message}`)
  tellStale(log, backups)
  return formatBackupTable(ref.instance, backups, {
    nowMs: world.clock.nowMs(),
    isColored: world.isOutTerminal && !given.has('no-color'),
  })
}

async function listAsJson(context: Context, ref: InstanceRef, id: BackupId | undefined): Promise<JsonValue> {
  const { client, log, signal } = context
  const { backups, problems } = await client['backups.list'](ref, { signal })
  for (const problem of problems) log.warning(`backup ${problem.id} of ${ref.instance}: ${problem.message}`)
  const tablespaces = await client['backups.tablespaces'](ref, { signal })
  const shown = backups.filter((backup) => id === undefined || backup.id === id)
  tellStale(log, shown)
  if (id !== undefined && shown.length === 0) tellMissing(context, ref, id)
  return {
    instance: ref.instance,
    backups: shown.map((backup) => backupToJson(backup, tablespaces[backup.id])),
  }
}

async function showOne(context: Context, ref: InstanceRef, id: BackupId): Promise<void> {
  const { client, log, signal, world } = context
  try {
    const detail = await client['backups.detail']({ ...ref, id }, { signal })
    tellStale(log, [detail.backup])
    world.writeOut(formatBackupDetail(detail.controlText, detail.tablespaces))
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'backup.not-found') throw thrown
    tellMissing(context, ref, id)
  }
}

/** Their status says that somebody works on them, and nobody does. */
function tellStale(log: Context['log'], backups: readonly BackupRecord[]): void {
  for (const { id, status, isStale } of backups)
    if (isStale)
      log.warning(`backup ${id} says ${status}, but the process is gone: ${REMEDY[status] ?? 'validate it'}`)
}

const REMEDY: Readonly<Record<string, string>> = {
  RUNNING: 'validation or the next backup makes it ERROR',
  MERGING: 'merge it again to finish that',
  DELETING: 'delete it again to finish that',
}

/** To look for a backup and not find it is an answer, not a failure: the family's tools exit with 0 as well. */
function tellMissing({ log }: Context, { instance }: InstanceRef, id: BackupId): void {
  log.info(`the instance ${instance} has no backup ${id}`)
}
