import { access, constants, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Run } from '../../base/run.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Backup, readContentList } from '../../catalog/backup.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { type DatabaseMapEntry, parseDatabaseMap } from '../../format/database-map.ts'
import { parseTablespaceMap } from '../../format/tablespace-map.ts'
import { areOnOneDisk, freeBytes } from '../../host/disk.ts'
import { isProcessAlive } from '../../host/process.ts'
import { isLookedInto, listedDirectories } from './clearing.ts'
import { type Destination, readDestination } from './destination.ts'
import { type ExistingFile, fingerprintOf, listExisting } from './existing-files.ts'
import { decideIncremental } from './incremental.ts'
import { chooseForTarget, recoversFurther } from './judge-target.ts'
import { externalPlaces, linksOf, placesOf, wipedPlaces } from './places.ts'
import { mayMoveAside, planMoveAside } from './move-aside.ts'
import { overlap } from './overlap.ts'
import type { RestoreFacts, RestoreInput, TargetState } from './restore-facts.ts'
import type { ListedBackup } from '../steps/chain-file.ts'

/** Reads what a plan rests on: the chain with its lists, and the places that are to be written to. */
export async function gatherRestoreFacts(
  input: RestoreInput,
  run: Pick<Run, 'signal'>,
): Promise<RestoreFacts> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const { backup, chain, path: way, archive } = await chooseForTarget(input, inventory, run)
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
  for (const place of placesOf(input, { tablespaces, externalDirs })) {
    const isCatalog = await overlap(place, input.catalog)
    targets.set(place, isCatalog ? { kind: 'catalog', catalog: input.catalog } : await inspectTarget(place))
  }
  const there =
    targets.get(input.dataDirectory)?.kind === 'occupied'
      ? readDestination(input.dataDirectory, input.catalog, input.instance)
      : undefined
  const isMoved = input.movesAside && there !== undefined && mayMoveAside(there)
  if (isMoved) targets.set(input.dataDirectory, await planMoveAside(input.dataDirectory))
  const destination = isMoved ? undefined : there
  const known = {
    backup,
    chain: listed,
    tablespaces,
    externalDirs,
    databaseMap: input.databases === undefined ? undefined : await findDatabaseMap(backup, listed),
    systemIdentifier: inventory.config.values['system-identifier'],
    targets,
    destination,
    freeBytes: await freeBytes(input.dataDirectory),
    walSource: input.copiesWal && recoversFurther(input, backup.control) ? { archive, path: way } : undefined,
    walDisk: await findWalDisk(input),
    isRoot: process.getuid?.() === 0,
  }
  const existing = await listPlaces(input, known, run)
  return { ...known, existing, destinationHash: hashOf(destination, existing) }
}

async function findWalDisk({
  copiesWal,
  walDirectory,
  dataDirectory,
}: RestoreInput): Promise<RestoreFacts['walDisk']> {
  if (!copiesWal || walDirectory === undefined || (await areOnOneDisk(walDirectory, dataDirectory)))
    return undefined
  return { freeBytes: await freeBytes(walDirectory) }
}

/** What may stay, or is in the way; nothing where a restore into these directories is refused anyway. */
async function listPlaces(
  input: RestoreInput,
  facts: Omit<RestoreFacts, 'existing' | 'destinationHash'>,
  run: Pick<Run, 'signal'>,
): Promise<readonly ExistingFile[]> {
  const existing: ExistingFile[] = []
  for (const place of wipedPlaces(input, facts)) {
    const descends = (_: string, leadsTo: string | undefined): boolean => leadsTo === undefined
    existing.push(...(await listExisting(place, { externalDirNumber: undefined, descends }, run)))
  }
  const mode = decideIncremental(input, facts)?.mode ?? 'none'
  if (mode === 'none') return existing
  const directories = listedDirectories(facts.chain[0]?.entries ?? [])
  const descends = isLookedInto(directories, linksOf(input, facts))
  existing.push(...(await listExisting(input.dataDirectory, { externalDirNumber: 0, descends }, run)))
  if (input.skipsExternal) return existing
  for (const [index, place] of externalPlaces(input, facts).entries()) {
    const externalDirNumber = index + 1
    const isListed = (name: string, leadsTo: string | undefined): boolean =>
      leadsTo === undefined || directories.has(`${externalDirNumber}:${name}`)
    existing.push(...(await listExisting(place.to, { externalDirNumber, descends: isListed }, run)))
  }
  return existing
}

function hashOf(destination: Destination | undefined, existing: readonly ExistingFile[]): string {
  if (destination === undefined) return ''
  const { control, hasBackupLabel, unfinished } = destination
  return [
    control?.crc,
    control?.writtenSeconds,
    hasBackupLabel,
    unfinished?.startedAt,
    fingerprintOf(existing),
  ].join()
}

/** A map that cannot be read is none: what it is needed for is then refused. */
async function findDatabaseMap(
  backup: Backup,
  [newest]: readonly ListedBackup[],
): Promise<readonly DatabaseMapEntry[] | undefined> {
  const isListed = newest?.entries.some(
    (entry) => entry.path === 'database_map' && entry.externalDirNumber === 0,
  )
  if (isListed !== true) return undefined
  const file = path.join(backup.directory, 'database', 'database_map')
  try {
    return parseDatabaseMap(await readFile(file, 'utf8'))
  } catch {
    return undefined
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
