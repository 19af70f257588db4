import { mapConcurrently } from '../../base/concurrency.ts'
import type { Lsn } from '../../base/lsn.ts'
import type { Run } from '../../base/run.ts'
import type { KnownBackup } from '../../catalog/parent.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import { PAGE_BYTES } from '../../format/page-header.ts'
import { toBatches } from '../steps/batches.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'
import type { Basis } from './basis.ts'
import { type Increment, keyOf } from './increment.ts'
import { absolutePathOf, type SourceEntry } from './list-files.ts'
import { lookForChanges } from './look-for-changes.ts'
import type { BackupSettings } from './settings.ts'

/** What clocks of machines that share a file system may differ without saying anything. */
const CLOCK_TOLERANCE_MS = 60_000

/** The sample: the files with the newest times, where a clock that was set back shows, and one of this many others. */
const NEWEST_SAMPLED = 4
const SAMPLE_EVERY = 50
const FEWEST_RANDOM = 4

const HOUR_MS = 3_600_000

const CONTROL_FILE = 'global/pg_control'

/** What tells whether times can be trusted, and which files they prove unchanged. */
export type TimeEvidence = {
  readonly sources: readonly SourceEntry[]
  readonly parent: KnownBackup
  readonly parentEntries: Increment['parentEntries']
  readonly server: {
    readonly timeline: number
    readonly isInRecovery: boolean
    readonly systemIdentifier: bigint
  }
  /** By our clock, before the server was asked for the checkpoint that a backup starts with. */
  readonly beganMs: number
  /** By our clock, after the files were listed. */
  readonly nowMs: number
  readonly marginMs: number
}

/** Which data files need not be read. */
export type TimePlan =
  | { readonly kind: 'untrusted'; readonly reason: string }
  | { readonly kind: 'trusted'; readonly files: readonly SourceEntry[] }

/**
 * Which data files have not been written since the parent began, as far as sizes and times can tell. What the parent
 * read after its start was there before, so it has all of such a file.
 */
export function planByTime(evidence: TimeEvidence): TimePlan {
  const reason = whyUntrusted(evidence)
  if (reason !== undefined) return { kind: 'untrusted', reason }
  const { sources, parent, parentEntries, server, marginMs } = evidence
  const before = parent.control.startSeconds * 1000 - marginMs
  // Source: PostgreSQL src/backend/access/transam/xlog.c, BootStrapXLOG: the upper half is when initdb ran.
  const clusterMadeMs = Number(server.systemIdentifier >> 32n) * 1000
  return {
    kind: 'trusted',
    files: sources.filter((source) => {
      if (!source.isDataFile || source.sizeBytes === 0) return false
      const known = parentEntries.get(keyOf(source))
      if (known?.isDataFile !== true || known.blockCount * PAGE_BYTES !== source.sizeBytes) return false
      // A time before the cluster was made is that of a clock that had not been set yet.
      return source.modifiedMs >= clusterMadeMs && lastTouchedMs(source) < before
    }),
  }
}

/**
 * The files that are read all the same: {@link NEWEST_SAMPLED} with the newest times, and of the others, by chance, one
 * in {@link SAMPLE_EVERY}, at least {@link FEWEST_RANDOM}. The same for the same seed.
 */
export function chooseSample(files: readonly SourceEntry[], seed: number): readonly SourceEntry[] {
  const byTime = files.toSorted((a, b) => lastTouchedMs(b) - lastTouchedMs(a))
  const others = byTime.slice(NEWEST_SAMPLED)
  const count = Math.min(others.length, Math.max(FEWEST_RANDOM, Math.ceil(others.length / SAMPLE_EVERY)))
  let state = seed >>> 0
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const drawn = index + Math.floor((state / 2 ** 32) * (others.length - index))
    const [one, other] = [others[index], others[drawn]]
    if (one === undefined || other === undefined) break
    others[index] = other
    others[drawn] = one
  }
  return [...byTime.slice(0, NEWEST_SAMPLED), ...others.slice(0, count)]
}

/** What the backup that is under way knows. */
type Listed = {
  readonly basis: Basis
  readonly settings: Pick<BackupSettings, 'fileTimeMarginMs'>
  readonly facts: TimeEvidence['server']
  readonly control: Pick<BackupControl, 'startSeconds'>
  readonly sources: readonly SourceEntry[]
  readonly startLsn: Lsn
  readonly beganMs: number
}

/**
 * Takes the files that need not be read out of what a DELTA backup looks at, when that is wanted. A sample of them is
 * read; when one holds a change that its times deny, nothing is trusted, with a warning. What was trusted, and how much
 * is skipped, goes into the log.
 */
export async function skipUnchangedByTime(
  increment: Increment | undefined,
  { basis, settings, facts, control, sources, startLsn, beganMs }: Listed,
  pool: WorkerPool,
  run: Run,
): Promise<Increment | undefined> {
  const { fileTimeMarginMs: marginMs } = settings
  if (increment === undefined || basis.mode !== 'DELTA' || marginMs === undefined) return increment
  const { parent } = basis
  const { parentEntries } = increment
  const nowMs = run.clock.nowMs()
  const plan = planByTime({ sources, parent, parentEntries, server: facts, beganMs, nowMs, marginMs })
  if (plan.kind === 'untrusted') {
    run.log.warning(`times of files are not trusted, every page is read: ${plan.reason}`)
    return increment
  }
  const since = `${marginMs / HOUR_MS} h before backup ${parent.id} began`
  if (plan.files.length === 0) {
    run.log.info(
      `every page is read: no data file has the size of then and was left untouched since ${since}`,
    )
    return increment
  }

  const sample = chooseSample(plan.files, control.startSeconds)
  const { changed, vanished } = await lookIntoSample(
    sample,
    { after: increment.horizon, upTo: startLsn },
    pool,
    run,
  )
  if (changed !== undefined) {
    run.log.warning(
      `times of files are not trusted, every page is read: "${changed.path}" has changed since backup ${parent.id}, and its times deny it`,
    )
    return increment
  }
  const skipped = plan.files.filter((file) => !vanished.has(file))
  run.log.info(
    `trusting the file system and its clock: ${skipped.length} data files (${bytesOf(skipped)} bytes) are skipped, ` +
      `which have the size of then and were not touched since ${since}`,
  )
  run.log.info(
    `${sample.length} of them (${bytesOf(sample)} bytes), drawn with seed ${control.startSeconds}, were read to make sure and hold no change`,
  )
  return { ...increment, unchangedFiles: new Set(skipped) }
}

/** The first file that holds a change, and those that are gone: copying leaves them out of the list. */
async function lookIntoSample(
  sample: readonly SourceEntry[],
  range: { readonly after: Lsn; readonly upTo: Lsn },
  pool: WorkerPool,
  run: Run,
): Promise<{ readonly changed: SourceEntry | undefined; readonly vanished: ReadonlySet<SourceEntry> }> {
  run.report({
    phase: 'list-files',
    doneBytes: 0,
    totalBytes: undefined,
    doneFiles: 0,
    totalFiles: undefined,
    currentFiles: [],
    reason: 'a sample of the files is read to see whether their times are true',
  })
  let changed: SourceEntry | undefined
  const vanished = new Set<SourceEntry>()
  const lookInto = async (batch: readonly SourceEntry[]): Promise<void> => {
    if (changed !== undefined) return
    const files = batch.map(absolutePathOf)
    const found = await pool.run(lookForChanges, { files, ...range })
    for (const [index, file] of batch.entries()) {
      if (found[index] === 'changed') changed ??= file
      if (found[index] === 'vanished') vanished.add(file)
    }
  }
  await mapConcurrently(toBatches(sample), pool.threads, lookInto, run.signal)
  return { changed, vanished }
}

/** Why no time in this listing proves anything; undefined when clocks and files agree. */
function whyUntrusted({ sources, parent, server, beganMs, nowMs }: TimeEvidence): string | undefined {
  const { control } = parent
  // A standby that lags has files older than its backups say. So its times prove nothing about another server.
  if (control.isFromReplica) return `backup ${parent.id} was taken from a standby`
  if (server.isInRecovery) return 'the server is a standby'
  if (control.timeline !== server.timeline)
    return `backup ${parent.id} is of timeline ${control.timeline}, the server of timeline ${server.timeline}`
  if (control.startSeconds * 1000 > nowMs) return `backup ${parent.id} begins in the future of this clock`
  if (control.endSeconds !== undefined && control.endSeconds < control.startSeconds)
    return `backup ${parent.id} ends before it begins: the clock was set meanwhile`
  const cluster = sources.filter((source) => source.externalDirNumber === 0 && !source.isDirectory)
  const fromFuture = cluster.find((source) => lastTouchedMs(source) > nowMs + CLOCK_TOLERANCE_MS)
  if (fromFuture !== undefined) return `"${fromFuture.path}" was changed in the future of this clock`
  const controlFile = cluster.find((source) => source.path === CONTROL_FILE)
  if (controlFile === undefined || controlFile.modifiedMs < beganMs - CLOCK_TOLERANCE_MS)
    return `the server has just written "${CONTROL_FILE}", and its time denies it`
  return undefined
}

/**
 * Content and status: writing sets both, and the second cannot be set back by `touch`, `cp -p`, `rsync -a` or `tar`.
 */
function lastTouchedMs({ modifiedMs, statusChangedMs }: SourceEntry): number {
  return Math.max(modifiedMs, statusChangedMs)
}

function bytesOf(files: readonly SourceEntry[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
