import { existsSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { hasInstance, requireCatalog } from '../../catalog/instance.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { isLeftoverInstance, isOwnLeftover } from '../../catalog/leftover-instance.ts'
import { lockAll } from '../../catalog/lock.ts'
import { archiveDirectory, configFile, instanceDirectory } from '../../catalog/paths.ts'
import { lockReceiver } from '../../catalog/receiver-lock.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { removeTree } from '../../host/remove-tree.ts'

/**
 * Deletes an instance: backups, archived WAL, configuration. The data directory of the server is never touched.
 * Files that are not ours stay, and with them the directory.
 *
 * @throws {EngineError} `catalog.locked` before anything is deleted, also while WAL is received; `storage.not-empty` when foreign files remain
 */
export async function deleteInstance(
  input: { readonly catalog: string; readonly instance: string },
  run: Run,
): Promise<{ readonly deletedBackups: number }> {
  const { catalog, instance } = input
  await requireCatalog(catalog)
  // What only has its directories any more has no settings to read either, and nothing to lose.
  const isLeftover = hasInstance(catalog, instance) && isLeftoverInstance(catalog, instance)
  const backups = isLeftover ? [] : (await readInventory(catalog, instance, run)).backups
  const archive = archiveDirectory(catalog, instance)
  // A receiver would go on writing into what is being removed.
  await using _receiver = existsSync(archive) ? await lockReceiver(catalog, instance) : undefined
  await using _locks = await lockAll(backups, 'exclusive', run)
  for (const { id, directory } of backups) {
    run.log.info(`deleting backup ${id}`)
    await removeTree(directory, run.signal)
  }
  for (const name of await readdir(archive).catch(() => []))
    await removeTree(path.join(archive, name), run.signal)
  await removeOwnLeftovers(instanceDirectory(catalog, instance))
  await rm(configFile(catalog, instance), { force: true })
  for (const directory of [instanceDirectory(catalog, instance), archive]) {
    await rmdir(directory).catch(async (thrown: unknown) => {
      if (isMissing(thrown)) return
      const left = await readdir(directory).catch(() => [])
      if (left.length === 0) throw mapFileError(thrown, directory, 'remove')
      throw new EngineError(
        'storage.not-empty',
        `"${directory}" holds files that are not Tidemark's: ${left.slice(0, 3).join(', ')}`,
        {
          hint: 'Look at them and remove the directory by hand.',
        },
      )
    })
  }
  run.log.info(`instance "${instance}" was deleted`)
  return { deletedBackups: backups.length }
}

/** Lock files and drafts of processes that died. */
async function removeOwnLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    if (isOwnLeftover(name)) await rm(path.join(directory, name), { force: true })
  }
}
