import { access, constants, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../base/run.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Backup, readContentList } from '../../catalog/backup.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { parseTablespaceMap } from '../../format/tablespace-map.ts'
import { freeBytes } from '../../host/disk.ts'
import { isProcessAlive } from '../../host/process.ts'
import { chooseBackup } from './choose-backup.ts'
import { placesOf, type RestoreFacts, type RestoreInput, type TargetState } from './plan.ts'
import type { ListedBackup } from './work-list.ts'

/** Reads what {@link planRestore} decides on: the chain with its lists, and the places that are to be written to. */
export async function gatherRestoreFacts(
  input: RestoreInput,
  run: Pick<Run, 'signal'>,
): Promise<RestoreFacts> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const { backup, chain } = chooseBackup(inventory, input)
  const listed: ListedBackup[] = []
  for (const one of chain.toReversed()) {
    run.signal.throwIfAborted()
    listed.push({ backup: one, entries: await requireContentList(one) })
  }
  const hasMap =
    listed[0]?.entries.some((entry) => entry.path === 'tablespace_map' && entry.externalDirNumber === 0) ??
    false
  const tablespaces = hasMap
    ? parseTablespaceMap(await readFile(path.join(backup.directory, 'database', 'tablespace_map'), 'utf8'))
    : []
  const externalDirs = sortedExternalDirs(backup.control.externalDirs)

  const targets = new Map<string, TargetState>()
  for (const place of placesOf(input, { tablespaces, externalDirs }))
    targets.set(place, await inspectTarget(place))
  return {
    backup,
    chain: listed,
    tablespaces,
    externalDirs,
    targets,
    freeBytes: await freeBytes(input.dataDirectory),
    isRoot: process.getuid?.() === 0,
  }
}

/** The PostgreSQL dialect numbers external directories in byte order (catalog format 1.1). */
function sortedExternalDirs(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(':')
    .filter((dir) => dir !== '')
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

async function inspectTarget(directory: string): Promise<TargetState> {
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code !== 'ENOENT')
      return { kind: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown) }
    return (await whyNotWritable(await nearestParent(directory))) ?? { kind: 'absent' }
  }
  const pid = await runningServer(directory)
  if (pid !== undefined) return { kind: 'running', pid }
  if (names.length > 0) return { kind: 'occupied', sample: names.toSorted()[0] ?? '' }
  return (await whyNotWritable(directory)) ?? { kind: 'empty' }
}

/** The pid in `postmaster.pid`, if that process lives. */
async function runningServer(directory: string): Promise<number | undefined> {
  const text = await readFile(path.join(directory, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Math.abs(Number.parseInt(text, 10))
  return pid > 0 && isProcessAlive(pid) !== 'gone' ? pid : undefined
}

async function whyNotWritable(directory: string): Promise<TargetState | undefined> {
  try {
    await access(directory, constants.W_OK | constants.X_OK)
    return undefined
  } catch (thrown) {
    return { kind: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

async function nearestParent(directory: string): Promise<string> {
  for (let at = path.dirname(directory); ; at = path.dirname(at)) {
    try {
      await access(at)
      return at
    } catch {
      if (at === path.dirname(at)) return at
    }
  }
}

/** Without its list of files nothing of a backup can be restored, whatever the reason. */
async function requireContentList(backup: Backup): Promise<ListedBackup['entries']> {
  try {
    return await readContentList(backup)
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    throw new EngineError('backup.damaged', `backup ${backup.id} has no usable content list`, {
      hint: 'Nothing was written. Restore another backup.',
      cause: thrown,
      facts: { backup: backup.id },
    })
  }
}
