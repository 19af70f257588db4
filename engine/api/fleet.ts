import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { EngineError, toWireError } from '../base/engine-error.ts'
import { isoFromSeconds } from '../base/iso-time.ts'
import { type ArchiveMemory, archiveReachMs } from '../catalog/archive-reach.ts'
import type { Backup } from '../catalog/backup.ts'
import { chainsOf } from '../catalog/chain.ts'
import { judge, type Health, type LastDrill } from '../catalog/health.ts'
import { listInstances, requireCatalog } from '../catalog/instance.ts'
import { type Inventory, readInventory } from '../catalog/inventory.ts'
import { archiveDirectory } from '../catalog/paths.ts'
import { staleness } from '../catalog/stale.ts'
import { configNumber } from '../format/instance-config.ts'
import type { EngineContext } from './context.ts'
import type { DayMark, FleetCatalog, FleetEntry, InstanceOverview, Protection } from './contract/instances.ts'
import { dayMarks } from './day-marks.ts'
import { learnDrills } from './drill-file.ts'

const RANK = { problem: 0, attention: 1, ok: 2 } as const

/** One catalog of the sidebar, its instances worst first. A catalog that cannot be read says why. */
export async function fleetCatalog(
  context: EngineContext,
  catalog: string,
  signal: AbortSignal,
): Promise<FleetCatalog> {
  try {
    const entries: FleetEntry[] = []
    for (const instance of await listInstances(await requireCatalog(catalog))) {
      entries.push(await fleetEntry(context, catalog, instance, signal))
    }
    entries.sort(
      (a, b) =>
        RANK[a.protection.severity] - RANK[b.protection.severity] || a.instance.localeCompare(b.instance),
    )
    return { path: catalog, instances: entries, problem: undefined }
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    return { path: catalog, instances: [], problem: toWireError(thrown) }
  }
}

async function fleetEntry(
  context: EngineContext,
  catalog: string,
  instance: string,
  signal: AbortSignal,
): Promise<FleetEntry> {
  try {
    const inventory = await readInventory(catalog, instance, { signal })
    return await withArchive(context, inventory, entryOf(context, inventory))
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    const protection: Protection = {
      severity: 'problem',
      sentence: { code: 'unreadable', values: { message: thrown.message } },
      newestRestorable: undefined,
      oldestRestorable: undefined,
    }
    return {
      catalog,
      instance,
      protection,
      serverVersion: undefined,
      backupCount: 0,
      storedBytes: 0,
      strip: [],
    }
  }
}

/** Everything the overview says, from the catalog alone. */
export async function overviewOf(
  context: EngineContext,
  catalog: string,
  instance: string,
  signal: AbortSignal,
): Promise<InstanceOverview> {
  const inventory = await readInventory(catalog, instance, { signal })
  const { config, backups } = inventory
  const { todo } = judgeInventory(context, inventory)
  return {
    ...entryOf(context, inventory),
    dataDirectory: config.values['pgdata'],
    systemIdentifier: config.values['system-identifier'],
    connection: {
      host: config.values['pghost'],
      port: config.values['pgport'],
      user: config.values['pguser'],
      database: config.values['pgdatabase'],
    },
    externalDirs: (config.values['external-dirs'] ?? '')
      .split(':')
      .filter((dir) => dir !== '' && dir !== 'none'),
    chainCount: backups.filter(({ control }) => control?.mode === 'FULL').length,
    walBytes: await bytesOf(archiveDirectory(catalog, instance)),
    todo,
  }
}

function entryOf(context: EngineContext, inventory: Inventory): FleetEntry {
  const { catalog, instance, backups } = inventory
  const { protection } = judgeInventory(context, inventory)
  const time = (seconds: number | undefined) => (seconds === undefined ? undefined : isoFromSeconds(seconds))
  return {
    catalog,
    instance,
    protection: {
      severity: protection.severity,
      sentence: protection.sentence,
      newestRestorable: time(protection.newestRestorableSeconds),
      oldestRestorable: time(protection.oldestRestorableSeconds),
    },
    serverVersion: backups.find(({ control }) => control?.serverVersion !== undefined)?.control
      ?.serverVersion,
    backupCount: backups.length,
    storedBytes: backups.reduce(
      (sum, { control }) =>
        sum + (control?.dataBytes ?? 0) + (control?.isStream === true ? (control.walBytes ?? 0) : 0),
      0,
    ),
    strip: stripOf(context, inventory),
  }
}

/** By context, for as long as that lives. */
const archives = new WeakMap<EngineContext['book'], ArchiveMemory>()
const USUAL_SEGMENT_BYTES = 16 << 20

/** The newest moment is the end of the archive where WAL follows the newest backup: about, by the date of its last segment. */
async function withArchive(
  { book, clock }: EngineContext,
  inventory: Inventory,
  entry: FleetEntry,
): Promise<FleetEntry> {
  const { catalog, instance, backups, config } = inventory
  const chains = chainsOf(inventory)
  const control = backups.find(({ id }) => chains.get(id)?.isUsable === true)?.control
  if (control === undefined || control.stopLsn === 0n) return entry
  const memory = archives.get(book) ?? new Map()
  archives.set(book, memory)
  const from = control.isStream ? control.stopLsn : control.startLsn
  const endMs = await archiveReachMs(
    archiveDirectory(catalog, instance),
    { timeline: control.timeline, from },
    {
      segmentBytes: configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES,
      memory,
      nowMs: clock.nowMs(),
    },
  )
  const { protection } = entry
  const known = protection.newestRestorable
  return endMs === undefined || (known !== undefined && Date.parse(known) >= endMs)
    ? entry
    : {
        ...entry,
        protection: { ...protection, newestRestorable: isoFromSeconds(Math.floor(endMs / 1000)) },
      }
}

function judgeInventory({ book }: EngineContext, inventory: Inventory): Health {
  learnDrills(book, inventory)
  return judge(inventory, (backup) => staleness(backup) === 'stale', lastDrillOf(book, inventory))
}

/** Of a backup that is gone no drill says anything any more. */
function lastDrillOf(book: EngineContext['book'], { backups, ...ref }: Inventory): LastDrill | undefined {
  const known = new Map<string, Backup['id']>(backups.map(({ id }) => [id, id]))
  for (const { backupId, checks } of book.latest(ref)) {
    const id = known.get(backupId)
    if (id === undefined) continue
    const failed = checks.filter(({ state }) => state === 'failed')
    const [first] = failed
    return {
      backupId: id,
      failed: first && { first: { code: first.code, values: first.values }, count: failed.length },
    }
  }
  return undefined
}

/** From the jobs of this application and from what lies in the catalog, which other tools fill as well. */
function stripOf(
  { jobs, clock }: EngineContext,
  { catalog, instance, backups }: Inventory,
): readonly DayMark[] {
  const fromCatalog = backups.flatMap(({ control }) =>
    control === undefined ? [] : [{ atMs: control.startSeconds * 1000, outcome: outcomeOf(control.status) }],
  )
  const known = new Set(backups.map(({ id }) => id as string))
  const fromJobs = jobs
    .list(1000)
    .filter((job) => job.kind === 'backup' && job.catalog === catalog && job.instance === instance)
    .filter((job) => job.backupId === undefined || !known.has(job.backupId))
    .map((job) => ({
      atMs: Date.parse(job.createdAt),
      outcome:
        job.state === 'succeeded'
          ? ('ok' as const)
          : job.state === 'running' || job.state === 'queued'
            ? ('running' as const)
            : ('failed' as const),
    }))
  return dayMarks([...fromCatalog, ...fromJobs], clock.nowMs())
}

function outcomeOf(status: string): 'ok' | 'failed' | 'running' {
  if (status === 'RUNNING') return 'running'
  return status === 'ERROR' || status === 'CORRUPT' || status === 'ORPHAN' ? 'failed' : 'ok'
}

async function bytesOf(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory).catch(() => [])) {
    bytes += await stat(path.join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    )
  }
  return bytes
}
