import { rmdirSync, unlinkSync } from 'node:fs'
import { access, chmod, chown, mkdir, readlink, rename, symlink, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../base/run.ts'
import { thisProcess } from '../../catalog/owner-file.ts'
import { syncDirectory } from '../../host/durable-file.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { removeTree } from '../../host/remove-tree.ts'
import type { Clearing } from './clearing.ts'
import { KEPT_CONTROL_FILE } from './destination.ts'
import { removeRestoreMark, writeRestoreMark } from './interrupted.ts'
import { placesOf } from './places.ts'
import type { RestorePlan } from './plan.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import { CONTROL_FILE, type WorkList } from './work-list.ts'

export type Owner = { readonly uid: number; readonly gid: number } | undefined

const PERMISSION_BITS = 0o7777
/** Files are deleted synchronously; this many between two breaths of the event loop. */
const FILES_PER_SLICE = 200

/**
 * Marks the data directory and takes its `pg_control` away, in this order: from then on no server starts there, and a
 * restore that is begun again knows what it finds. Then deletes what is in the way. What ends this early leaves less.
 *
 * @throws {EngineError} `storage.*`, `run.cancelled`
 */
export async function takeOver(
  input: RestoreInput,
  plan: RestorePlan,
  facts: RestoreFacts,
  clearing: Clearing,
  owner: Owner,
  run: Run,
): Promise<void> {
  const { dataDirectory } = input
  await makeDirectory(dataDirectory, 0o700, owner)
  const before = facts.destination?.unfinished?.places ?? []
  await writeRestoreMark(dataDirectory, {
    systemIdentifier: facts.systemIdentifier ?? '',
    instance: input.instance,
    backupId: facts.backup.id,
    startedAt: new Date(run.clock.nowMs()).toISOString(),
    owner: thisProcess(),
    places: [
      ...new Set([
        ...before,
        ...placesOf(input, facts)
          .slice(1)
          .map((place) => path.resolve(place)),
      ]),
    ],
  })
  if (plan.incremental?.isWiped === true) {
    await removeFile(path.join(dataDirectory, KEPT_CONTROL_FILE))
    await removeFile(path.join(dataDirectory, CONTROL_FILE))
  } else if (plan.incremental !== undefined && plan.incremental.continues === undefined) {
    await putControlFileAside(dataDirectory)
  }
  await clear(clearing, run)
}

/** Keeps `pg_control` under a name that no server reads (catalog format 10.6). One that was put aside before stays. */
async function putControlFileAside(dataDirectory: string): Promise<void> {
  const file = path.join(dataDirectory, CONTROL_FILE)
  try {
    await rename(file, path.join(dataDirectory, KEPT_CONTROL_FILE))
    await syncDirectory(path.dirname(file))
  } catch (thrown) {
    if (!isMissing(thrown)) throw mapFileError(thrown, file, 'rename')
  }
}

async function clear({ files, directories, trees }: Clearing, run: Run): Promise<void> {
  for (const [index, file] of files.entries()) {
    if (index % FILES_PER_SLICE === 0) {
      run.report({
        phase: 'delete',
        doneBytes: 0,
        totalBytes: undefined,
        doneFiles: index,
        totalFiles: files.length,
        currentFiles: [],
      })
      await new Promise(setImmediate)
      run.signal.throwIfAborted()
    }
    try {
      unlinkSync(file)
    } catch (thrown) {
      if (!isMissing(thrown)) throw mapFileError(thrown, file, 'delete')
    }
  }
  for (const tree of trees) await removeTree(tree, run.signal)
  for (const directory of directories) {
    try {
      rmdirSync(directory)
    } catch (thrown) {
      if (isMissing(thrown)) continue
      const isOccupied = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOTEMPTY'
      if (!isOccupied) throw mapFileError(thrown, directory, 'delete')
      run.log.warning(`"${directory}" is not of the backup and stays: it holds hidden files`)
    }
  }
}

/** Makes directories and links. A link that leads there already stays. */
export async function makeDirectories(work: WorkList, owner: Owner): Promise<void> {
  for (const { path: directory, mode, link } of work.directories) {
    await makeDirectory(directory, mode, owner)
    if (link !== undefined) await makeLink(link, directory)
  }
}

async function makeLink(link: string, leadsTo: string): Promise<void> {
  try {
    const there = await readlink(link).catch(() => undefined)
    if (there !== undefined && path.resolve(path.dirname(link), there) === path.resolve(leadsTo)) return
    await symlink(leadsTo, link)
  } catch (thrown) {
    throw mapFileError(thrown, link, 'link')
  }
}

async function makeDirectory(directory: string, mode: number, owner: Owner): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    if (owner !== undefined) await chown(directory, owner.uid, owner.gid)
    await chmod(directory, mode & PERMISSION_BITS)
  } catch (thrown) {
    throw mapFileError(thrown, directory, 'create')
  }
}

/** Whether the cluster can be told by a `pg_control` that was put aside. */
export async function hasKeptControlFile(dataDirectory: string): Promise<boolean> {
  return await access(path.join(dataDirectory, KEPT_CONTROL_FILE)).then(
    () => true,
    () => false,
  )
}

/** The last step: `pg_control` is there, and the directory is like any other. */
export async function release(dataDirectory: string, isSynced: boolean): Promise<void> {
  await removeFile(path.join(dataDirectory, KEPT_CONTROL_FILE))
  await removeRestoreMark(dataDirectory)
  if (isSynced) await syncDirectory(dataDirectory)
}

async function removeFile(file: string): Promise<void> {
  try {
    await unlink(file)
  } catch (thrown) {
    if (!isMissing(thrown)) throw mapFileError(thrown, file, 'remove')
  }
}
