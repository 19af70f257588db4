import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { type BackupId, parseBackupId, secondsFromBackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import type { InstanceConfig } from '../format/instance-config.ts'
import { mapFileError } from '../host/file-error.ts'
import { type Backup, readControl } from './backup.ts'
import { type ControlMemory, recallControl } from './control-memory.ts'
import { readInstanceConfig, requireCatalog } from './instance.ts'
import { instanceDirectory } from './paths.ts'

/** All that one instance of a catalog holds, read once: decisions are functions of this value. */
export type Inventory = {
  readonly catalog: string
  readonly instance: string
  readonly config: InstanceConfig
  /** Newest first. */
  readonly backups: readonly Backup[]
  /** Changes when a backup appears, vanishes or changes in what its control file says. */
  readonly revision: string
  readonly problems: readonly { readonly id: string; readonly message: string }[]
}

/** Reading small files synchronously is quicker than with promises; this many between two breaths of the event loop. */
const BACKUPS_PER_SLICE = 250

/**
 * Reads the control files of all backups of an instance. What cannot be read is listed with its problem
 * (catalog format 2.3). With a memory, only files that have changed are read.
 *
 * @throws {EngineError} `catalog.not-found`, `instance.not-found`
 */
export async function readInventory(
  catalog: string,
  instance: string,
  { signal, memory }: { readonly signal: AbortSignal; readonly memory?: ControlMemory },
): Promise<Inventory> {
  await requireCatalog(catalog)
  const config = readInstanceConfig(catalog, instance)
  const root = instanceDirectory(catalog, instance)
  const backups: Backup[] = []
  const hash = createHash('sha256')
  const nowMs = Date.now()
  for (const [index, name] of backupNames(root).entries()) {
    if (index % BACKUPS_PER_SLICE === BACKUPS_PER_SLICE - 1) {
      await new Promise(setImmediate)
      signal.throwIfAborted()
    }
    const directory = path.join(root, name)
    const read = memory === undefined ? readControl(directory) : recallControl(memory, directory, nowMs)
    backups.push({ id: idOf(name), instance, directory, ...read })
  }
  backups.sort((a, b) => startOf(b) - startOf(a))
  for (const { id, control, problem } of backups) {
    hash.update(
      `${id} ${control?.status} ${control?.contentCrc} ${control?.expireSeconds} ${control?.note} ${problem}\n`,
    )
  }
  return {
    catalog,
    instance,
    config,
    backups,
    revision: hash.digest('hex').slice(0, 16),
    problems: backups.flatMap(({ id, problem }) => (problem === undefined ? [] : [{ id, message: problem }])),
  }
}

/** The directories of an instance's backups, in no order, without looking into them. */
export function backupDirectories(catalog: string, instance: string): readonly string[] {
  const root = instanceDirectory(catalog, instance)
  return backupNames(root).map((name) => path.join(root, name))
}

/** Whether a backup has come since the inventory was read that hangs on this one. */
export function hasNewChild({ catalog, instance, backups }: Inventory, id: BackupId): boolean {
  const known = new Set(backups.map(({ directory }) => directory))
  return backupDirectories(catalog, instance).some(
    (directory) => !known.has(directory) && readControl(directory).control?.parentId === id,
  )
}

/** The directories that are backups by their names; others are not ours. */
function backupNames(root: string): readonly string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && isId(entry.name))
      .map(({ name }) => name)
  } catch (thrown) {
    throw mapFileError(thrown, root, 'list')
  }
}

function isId(name: string): boolean {
  try {
    parseBackupId(name)
    return true
  } catch (thrown) {
    if (thrown instanceof EngineError) return false
    throw thrown
  }
}

/** The name of the directory, as spelled: it is where the files are. */
function idOf(name: string): BackupId {
  return parseBackupId(name)
}

function startOf({ id, control }: Backup): number {
  return control?.startSeconds ?? secondsFromBackupId(id)
}
