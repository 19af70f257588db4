import path from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError, toWireError } from '../../base/engine-error.ts'
import { SILENT_LOG } from '../../base/log.ts'
import type { ModeAdvice, ModeReason } from '../../base/mode-reasons.ts'
import type { Run } from '../../base/run.ts'
import { chainsOf } from '../../catalog/chain.ts'
import { type Inventory, readInventory } from '../../catalog/inventory.ts'
import type { KnownBackup } from '../../catalog/parent.ts'
import type { BackupMode } from '../../format/backup-control.ts'
import { type ConnectionSettings, openSession } from '../../server/connection.ts'
import { readFacts, type ServerFacts } from '../../server/postgres/facts.ts'
import { assessModes, type ModeAssessment, NO_PARENT } from './assess-modes.ts'
import type { ModeChoice } from './choose-mode.ts'
import { type ClusterSize, estimateModes, type ModeEstimate } from './estimate.ts'
import { completedOf } from './history.ts'
import { requireSameCluster } from './identity.ts'
import { type IdleSlot, readIdleSlots } from './idle-slots.ts'
import { listDataDirectory, listExternalDirectory, type SourceEntry } from './list-files.ts'
import { type BackupOptions, type BackupSettings, decideSettings } from './settings.ts'

/** One mode, before anything starts. */
export type ModeOutlook = ModeEstimate & {
  readonly mode: BackupMode
  /** `unknown` where the server could not be asked. */
  readonly possibility: 'possible' | 'impossible' | 'unknown'
  /** Why it is impossible, all of which holds; and what makes it possible another time. */
  readonly reasons: readonly ModeReason[]
  readonly advice: ModeAdvice | undefined
}

/** What a backup of each mode would be like if it were taken now. */
export type BackupOutlook = {
  /** FULL first. */
  readonly modes: readonly ModeOutlook[]
  /** What `AUTO` stands for, and why; undefined where the server could not be asked. */
  readonly auto: ModeChoice | undefined
  /** What an increment would be taken against; the newest that can be restored where the server could not be asked. */
  readonly parentId: BackupId | undefined
  /** Logical replication slots that make the server keep WAL for nobody; they stop no backup. */
  readonly idleSlots: readonly IdleSlot[]
  /** Why server or data directory could not be looked at: a backup would stop there as well. */
  readonly problem: EngineError | undefined
}

/** Longer than this nobody waits in front of a window; counting changed pages has a limit of its own below it. */
const LONGEST_ASKING_MS = 8_000
/** A listing that takes longer is left: the size at the newest backup will do. */
const LONGEST_LISTING_MS = 3_000

type OutlookInput = {
  readonly catalog: string
  readonly instance: string
  readonly options: Pick<BackupOptions, 'compressAlgorithm' | 'compressLevel'>
  readonly connection: ConnectionSettings
  readonly newestProgramVersion: string
}

type Seen = {
  problem?: EngineError
  assessment?: ModeAssessment
  sources?: readonly SourceEntry[] | undefined
  idleSlots?: readonly IdleSlot[]
}

/**
 * Looks at what a backup of each mode would be like, without starting anything: the server is asked, the data directory
 * and the archive are listed, the catalog is read. A server that cannot be asked within {@link LONGEST_ASKING_MS} is a
 * `problem`; the figures then rest on the catalog alone.
 *
 * @throws {EngineError} `catalog.not-found`, `instance.not-found`
 */
export async function readOutlook(
  input: OutlookInput,
  run: Run,
  longestMs = LONGEST_ASKING_MS,
): Promise<BackupOutlook> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const settings = decideSettings({ ...input.options, mode: 'AUTO' }, inventory.config)
  const {
    problem,
    assessment,
    sources,
    idleSlots = [],
  } = await look(input, inventory, settings, run, longestMs)
  const parent = assessment === undefined ? newestUsable(inventory) : assessment.against?.parent
  const { PAGE, PTRACK } = assessment?.modes ?? {}
  const estimates = estimateModes({
    nowSeconds: Math.floor(run.clock.nowMs() / 1000),
    compression: { algorithm: settings.compressAlgorithm, level: settings.compressLevel },
    backups: inventory.backups,
    parent,
    cluster:
      sources === undefined
        ? sizeWithoutListing(inventory, assessment)
        : sizeOf(sources, parent?.control.startSeconds),
    walBytes: PAGE?.isPossible === true ? PAGE.walBytes : undefined,
    changedBlocks: PTRACK?.isPossible === true ? PTRACK.changedBlocks : undefined,
  })
  const modes = (['FULL', 'DELTA', 'PAGE', 'PTRACK'] as const).map((mode) => ({
    mode,
    ...possibilityOf(mode, assessment, parent),
    ...estimates[mode],
  }))
  return { modes, auto: assessment?.auto, parentId: parent?.id, idleSlots, problem }
}

/** Asks the server and lists the files. What failed is said, and what was found before it is kept. */
async function look(
  input: OutlookInput,
  inventory: Inventory,
  settings: BackupSettings,
  run: Run,
  longestMs: number,
): Promise<Seen> {
  const limit = AbortSignal.timeout(longestMs)
  const signal = AbortSignal.any([run.signal, limit])
  const seen: Seen = {}
  const asking = ask(input, inventory, settings, { ...run, signal }, seen)
  try {
    // Storage that hangs does not hear that nobody waits any more.
    await Promise.race([asking, aborted(signal)])
    return seen
  } catch (thrown) {
    asking.catch(() => undefined)
    run.signal.throwIfAborted()
    return { ...seen, problem: limit.aborted ? tooLate(longestMs) : asEngineError(thrown) }
  }
}

/** Fills in what it finds, one thing after the other. */
async function ask(
  { catalog, instance, connection, newestProgramVersion }: OutlookInput,
  { config, backups }: Inventory,
  settings: BackupSettings,
  run: Run,
  seen: Seen,
): Promise<void> {
  await using session = await openSession(connection, run)
  const facts = await readFacts(session)
  seen.idleSlots = await readIdleSlots(session, facts, backups, run)
  const server = {
    session,
    facts,
    connection,
    archiveDirectory: path.join(catalog, 'wal', instance),
    newestProgramVersion,
  }
  seen.assessment = await assessModes({ backups }, server, run, { countChanges: true })
  seen.sources = await listSources(settings, facts, config, run)
}

/** Rejects when the signal fires. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Everything that would be read; undefined when listing takes too long. */
async function listSources(
  settings: BackupSettings,
  facts: ServerFacts,
  config: Inventory['config'],
  run: Run,
): Promise<readonly SourceEntry[] | undefined> {
  const dataDirectory = settings.dataDirectory ?? facts.dataDirectory
  if (dataDirectory === undefined) return undefined
  await requireSameCluster(facts, dataDirectory, config)
  const limit = AbortSignal.timeout(LONGEST_LISTING_MS)
  // What is left out of a backup is logged when one is taken.
  const limited = { ...run, signal: AbortSignal.any([run.signal, limit]), log: SILENT_LOG }
  try {
    const rules = {
      versionDirectory: facts.tablespaceVersionDirectory,
      withServerLog: settings.withServerLog,
      // A few hundred bytes each.
      slots: new Set<string>(),
    }
    const lists = [await listDataDirectory(dataDirectory, rules, limited)]
    for (const [index, external] of settings.externalDirs.entries()) {
      lists.push(await listExternalDirectory(external, index + 1, limited))
    }
    return lists.flat()
  } catch (thrown) {
    if (limit.aborted && !run.signal.aborted) return undefined
    throw thrown
  }
}

const DIRECTORY_BYTES = 4096

/** Directories count as in `data-bytes` (catalog format 3.4), and every backup has all of them. */
function sizeOf(sources: readonly SourceEntry[], parentStartSeconds: number | undefined): ClusterSize {
  let bytes = 0
  let otherBytes = 0
  let changedBytes = 0
  for (const { isDirectory, isDataFile, sizeBytes, modifiedMs } of sources) {
    const size = isDirectory ? DIRECTORY_BYTES : sizeBytes
    bytes += size
    if (isDataFile) continue
    if (!isDirectory) otherBytes += size
    if (isDirectory || modifiedMs > (parentStartSeconds ?? 0) * 1000) changedBytes += size
  }
  return { bytes, others: { bytes: otherBytes, changedBytes }, basis: { kind: 'listed' } }
}

/** As big as at the newest backup that says it; one that was merged into has the size of its old FULL. */
function sizeWithoutListing(
  { backups }: Inventory,
  assessment: ModeAssessment | undefined,
): ClusterSize | undefined {
  for (const { id, control } of completedOf(backups)) {
    const { pgdataBytes, mergeSeconds } = control
    if (pgdataBytes !== undefined && pgdataBytes > 0 && mergeSeconds === undefined)
      return { bytes: pgdataBytes, others: undefined, basis: { kind: 'backup', id } }
  }
  return assessment && { bytes: assessment.clusterBytes, others: undefined, basis: { kind: 'databases' } }
}

function newestUsable(inventory: Inventory): KnownBackup | undefined {
  const chains = chainsOf(inventory)
  return completedOf(inventory.backups).find(({ id }) => chains.get(id)?.isUsable === true)
}

function possibilityOf(
  mode: BackupMode,
  assessment: ModeAssessment | undefined,
  parent: KnownBackup | undefined,
): Pick<ModeOutlook, 'possibility' | 'reasons' | 'advice'> {
  if (assessment === undefined) {
    const isImpossible = mode !== 'FULL' && parent === undefined
    return {
      possibility: isImpossible ? 'impossible' : 'unknown',
      reasons: isImpossible ? [NO_PARENT] : [],
      advice: undefined,
    }
  }
  const found = assessment.modes[mode]
  return found.isPossible
    ? { possibility: 'possible', reasons: [], advice: undefined }
    : { possibility: 'impossible', reasons: found.reasons, advice: found.advice }
}

function tooLate(longestMs: number): EngineError {
  return new EngineError('run.timeout', `the server did not answer within ${Math.ceil(longestMs / 1000)} s`, {
    hint: 'Look whether the server can be reached from this machine, and what it is waiting for.',
  })
}

/** A failure that nobody foresaw keeps its message. */
function asEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown
  const { code, message } = toWireError(thrown)
  return new EngineError(code, message, { cause: thrown })
}
