import { readdir } from 'node:fs/promises'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, parseLsn } from '../../base/lsn.ts'
import { type ModeAdvice, modeAdvice, type ModeReason, modeReason } from '../../base/mode-reasons.ts'
import type { Run } from '../../base/run.ts'
import { chainOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { chooseParent, type KnownBackup } from '../../catalog/parent.ts'
import { type BackupMode, versionNumber } from '../../format/backup-control.ts'
import { PageMap } from '../../format/page-map.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import type { ConnectionSettings, Session } from '../../server/connection.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { findPtrackCoverage, type PtrackExtension, readPtrackMaps } from '../../server/postgres/ptrack.ts'
import { countSummarizedBlocks, findSummaryCoverage } from '../../server/postgres/wal-summaries.ts'
import { readTimelineHistory } from '../../server/timeline-history.ts'
import { assessArchive } from './archived-wal.ts'
import { intervalsBetween, type WalInterval } from './pages-by-wal.ts'

/** The server whose backup is to be taken, and the WAL archive of its instance. */
export type AssessedServer = {
  readonly session: Session
  readonly facts: ServerFacts
  /** For the history of its timeline, which takes a replication connection. */
  readonly connection: ConnectionSettings
  readonly archiveDirectory: string
  /** The newest release whose format is known: nothing is built on what a newer one has written. */
  readonly newestProgramVersion: string
}

/** What names the changed pages of a PTRACK backup. */
export type ChangeTracking =
  { readonly source: 'wal-summaries' } | { readonly source: 'ptrack'; readonly extension: PtrackExtension }

/** Whether a mode is possible now. */
export type Possibility<Known extends object = object> =
  | (Known & { readonly isPossible: true })
  | {
      readonly isPossible: false
      /** All of them hold; never empty. */
      readonly reasons: readonly ModeReason[]
      /** What makes it possible another time. */
      readonly advice: ModeAdvice | undefined
    }

/** What `AUTO` stands for, and why. */
export type ModeChoice = {
  readonly mode: BackupMode
  /** What speaks for it. */
  readonly reasons: readonly ModeReason[]
  /** Cheaper modes, with what speaks against each. */
  readonly passedOver: readonly { readonly mode: BackupMode; readonly reasons: readonly ModeReason[] }[]
}

/** Which modes are possible now, and what is known of how much each would read. */
export type ModeAssessment = {
  /** What an increment would be taken against; undefined where none is possible. */
  readonly against: { readonly parent: KnownBackup; readonly history: TimelineHistory } | undefined
  /**
   * About how much FULL and DELTA read: the logical size of the data directory when the parent was taken, without one that of
   * the databases that the role may connect to.
   */
  readonly clusterBytes: number
  readonly modes: {
    readonly FULL: { readonly isPossible: true }
    readonly DELTA: Possibility
    readonly PAGE: Possibility<{
      /** WAL since the parent's start, unpacked: what is read before the first page is. */
      readonly walBytes: number
      /** Complete segments that the server has not archived yet: they are waited for. */
      readonly pendingSegments: number
    }>
    readonly PTRACK: Possibility<{
      readonly tracking: ChangeTracking
      /** Pages changed so far; undefined when not asked for, or not known within a few seconds. */
      readonly changedBlocks: number | undefined
    }>
  }
  /** What `AUTO` stands for now. */
  readonly auto: ModeChoice
}

/** PAGE is worth it for AUTO when WAL is at most this part of the cluster: DELTA reads in several threads, WAL in one. */
const WORTHWHILE_WAL = 1 / 4
/** As long as no more than this many segments are missing at the end, the archive counts as complete for AUTO. */
const SEGMENTS_IN_FLIGHT = 1
/** There is nothing that an increment could be taken against. */
export const NO_PARENT = modeReason('no-parent', {}, 'there is no usable FULL backup to build on')
/** An estimate is not worth a longer wait. */
const LONGEST_COUNT_MS = 5_000

/**
 * Looks which modes are possible now, without changing anything: it asks the server and lists the archive. What cannot
 * be found out about one mode is the reason why that mode is not possible. `countChanges` also counts the pages that a
 * PTRACK backup would read, which may take {@link LONGEST_COUNT_MS}.
 *
 * AUTO is the cheapest mode: PTRACK where changes are tracked; else PAGE where the archive holds all WAL since the
 * parent's start, but for a segment that may be on its way, that WAL is at most a quarter of the cluster, and the server
 * is no standby (only its primary finishes segments); else DELTA; without a parent FULL.
 *
 * @throws {EngineError} `server.*` when the server cannot be asked at all
 */
export async function assessModes(
  inventory: Pick<Inventory, 'backups'>,
  server: AssessedServer,
  run: Run,
  { countChanges = false }: { readonly countChanges?: boolean } = {},
): Promise<ModeAssessment> {
  const { facts } = server
  const history = await readTimelineHistory(server.connection, facts.timeline, run)
  const parent = chooseParent(inventory, facts.timeline, history)
  const clusterBytes = parent?.control.pgdataBytes ?? (await readDatabaseBytes(server.session))
  if (parent === undefined) return onlyFull(clusterBytes, NO_PARENT)
  const newer = findNewer(inventory, parent, server.newestProgramVersion)
  if (newer !== undefined) return onlyFull(clusterBytes, newer)
  const intervals = await findIntervals(server, parent, history)
  if ('code' in intervals) return onlyFull(clusterBytes, intervals)

  const modes: ModeAssessment['modes'] = {
    FULL: { isPossible: true },
    DELTA: { isPossible: true },
    PAGE: await assessPage(parent, intervals, server),
    PTRACK: await assessTracking(parent, intervals, server, run, countChanges),
  }
  const auto = chooseAutomatically(modes, clusterBytes, facts.isInRecovery)
  return { against: { parent, history }, clusterBytes, modes, auto }
}

/** A backup that an increment would build on and that a newer program has written: what is in it is not known here. */
function findNewer(
  inventory: Pick<Inventory, 'backups'>,
  parent: KnownBackup,
  newestProgramVersion: string,
): ModeReason | undefined {
  const newest = versionNumber(newestProgramVersion)
  for (const { id, control } of chainOf(inventory, parent.id).backups) {
    const version = control?.programVersion
    if (version === undefined || versionNumber(version) <= newest) continue
    const text = `backup ${id} was written by version ${version}, which is newer than this program knows`
    return modeReason('parent-newer', { id, version }, text)
  }
  return undefined
}

function onlyFull(clusterBytes: number, reason: ModeReason): ModeAssessment {
  const reasons = [reason]
  const impossible = { isPossible: false, reasons, advice: undefined } as const
  const modes = {
    FULL: { isPossible: true },
    DELTA: impossible,
    PAGE: impossible,
    PTRACK: impossible,
  } as const
  return { against: undefined, clusterBytes, modes, auto: { mode: 'FULL', reasons, passedOver: [] } }
}

/** The cheapest mode; see {@link assessModes} for the rule. */
export function chooseAutomatically(
  { PAGE, PTRACK }: ModeAssessment['modes'],
  clusterBytes: number,
  isInRecovery: boolean,
): ModeAssessment['auto'] {
  if (PTRACK.isPossible)
    return { mode: 'PTRACK', reasons: [reasonOfTracking(PTRACK.tracking)], passedOver: [] }
  const noPtrack = { mode: 'PTRACK', reasons: PTRACK.reasons } as const
  const delta = (...reasons: readonly ModeReason[]): ModeChoice => ({
    mode: 'DELTA',
    reasons: [],
    passedOver: [noPtrack, { mode: 'PAGE', reasons }],
  })
  if (!PAGE.isPossible) return delta(...PAGE.reasons)
  if (isInRecovery)
    return delta(
      modeReason('on-standby', {}, 'a standby cannot finish the WAL segment that it would wait for'),
    )
  if (PAGE.pendingSegments > SEGMENTS_IN_FLIGHT) {
    const count = PAGE.pendingSegments
    return delta(modeReason('wal-pending', { count }, `${count} WAL segments are not in the archive yet`))
  }
  const { walBytes } = PAGE
  const values = { walBytes, clusterBytes }
  const wal = `the WAL since the parent (${walBytes} bytes)`
  const cluster = `a quarter of the cluster (${clusterBytes} bytes)`
  if (walBytes > clusterBytes * WORTHWHILE_WAL)
    return delta(modeReason('wal-large', values, `${wal} is more than ${cluster}`))
  const reason = modeReason('wal-small', values, `${wal} is archived and at most ${cluster}`)
  return { mode: 'PAGE', reasons: [reason], passedOver: [noPtrack] }
}

/** Reasons as English that is ready to follow a colon. */
export function describeReasons(reasons: readonly ModeReason[]): string {
  return reasons.map(({ text }) => text).join(', and ')
}

/** A choice as English that is ready to follow a colon. */
export function describeChoice({ reasons, passedOver }: ModeChoice): string {
  return [
    ...reasons.map(({ text }) => text),
    ...passedOver.map(({ mode, reasons: against }) => `no ${mode}, since ${describeReasons(against)}`),
  ].join('; ')
}

/** Who names the pages. */
function reasonOfTracking(tracking: ChangeTracking): ModeReason {
  if (tracking.source === 'wal-summaries')
    return modeReason('summaries-cover', {}, 'the server has summarized its WAL since the parent backup')
  const { version } = tracking.extension
  const text = `the extension ptrack ${version} has tracked changes since the parent backup`
  return modeReason('ptrack-covers', { version }, text)
}

/** The way from the parent's start to now, or why there is none. */
async function findIntervals(
  { session, facts }: AssessedServer,
  parent: KnownBackup,
  history: TimelineHistory,
): Promise<readonly WalInterval[] | ModeReason> {
  const { rows } = await session.query(
    `select (case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
                  else pg_catalog.pg_current_wal_lsn() end)::text as lsn`,
  )
  const startLsn = parseLsn(String(rows[0]?.['lsn']))
  try {
    return intervalsBetween(history, parent.control, { timeline: facts.timeline, startLsn })
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    const values = {
      timeline: facts.timeline,
      lsn: formatLsn(startLsn),
      parentTimeline: parent.control.timeline,
      parentLsn: formatLsn(parent.control.startLsn),
    }
    return modeReason('set-back', values, thrown.message)
  }
}

/** Whether the archive can say what has changed since the parent, as far as its names tell. */
async function assessPage(
  parent: KnownBackup,
  intervals: readonly WalInterval[],
  { facts, archiveDirectory }: AssessedServer,
): Promise<ModeAssessment['modes']['PAGE']> {
  if (facts.archiveMode === 'off')
    return {
      isPossible: false,
      reasons: [modeReason('archive-off', {}, 'the server does not archive its WAL (archive_mode is off)')],
      advice: modeAdvice(
        'archive-on',
        {},
        'Set archive_mode = on and an archive_command that fills the archive of the catalog.',
      ),
    }
  const names: readonly string[] = await readdir(archiveDirectory).catch(() => [])
  const { missing, pendingCount, walBytes } = assessArchive(intervals, facts.walSegmentBytes, names)
  if (missing === undefined) return { isPossible: true, walBytes, pendingSegments: pendingCount }
  const values = { segment: missing, id: parent.id, lsn: formatLsn(parent.control.startLsn) }
  const text = `WAL segment ${missing}, written since parent ${values.id} started at ${values.lsn}, is not in the archive`
  return { isPossible: false, reasons: [modeReason('wal-missing', values, text)], advice: undefined }
}

/** Whether the server can name the pages that have changed. WAL summaries go before the extension. */
async function assessTracking(
  parent: KnownBackup,
  intervals: readonly WalInterval[],
  { session, facts }: AssessedServer,
  run: Run,
  countChanges: boolean,
): Promise<ModeAssessment['modes']['PTRACK']> {
  const { startLsn } = parent.control
  const call = { signal: run.signal, timeoutMs: LONGEST_COUNT_MS }
  const counted = async (count: () => Promise<number>): Promise<number | undefined> =>
    countChanges ? await count().catch((thrown: unknown) => unknown(thrown, run)) : undefined

  const summaries = await findSummaryCoverage(session, facts.major, intervals, { mayLag: true }).catch(
    (thrown: unknown) => unasked('summaries', thrown, run),
  )
  if (summaries.kind === 'covered') {
    const changedBlocks = await counted(() => countSummarizedBlocks(session, intervals, call))
    return { isPossible: true, tracking: { source: 'wal-summaries' }, changedBlocks }
  }
  const ptrack = await findPtrackCoverage(session, startLsn).catch((thrown: unknown) =>
    unasked('ptrack', thrown, run),
  )
  if (ptrack.kind === 'covered') {
    const { extension } = ptrack
    const changedBlocks = await counted(async () => {
      const maps = await readPtrackMaps(session, extension, startLsn, call)
      return [...maps.values()].reduce((sum, bits) => sum + new PageMap(bits).count, 0)
    })
    return { isPossible: true, tracking: { source: 'ptrack', extension }, changedBlocks }
  }
  const ofSummaries =
    summaries.kind === 'unasked'
      ? summaries.advice
      : modeAdvice('summaries-on', {}, 'Set summarize_wal = on (PostgreSQL 17 and later) for the next time.')
  return {
    isPossible: false,
    reasons: [summaries.reason, ptrack.reason],
    advice: ptrack.kind === 'absent' ? ofSummaries : ptrack.advice,
  }
}

/** Whoever may not be asked does not help, but stands in the way of no other mode. */
function unasked(what: 'summaries' | 'ptrack', thrown: unknown, run: Run) {
  if (!(thrown instanceof EngineError) || run.signal.aborted) throw thrown
  const { message } = thrown
  const name = what === 'summaries' ? 'the WAL summaries' : what
  return {
    kind: 'unasked',
    reason: modeReason(`${what}-unasked`, { message }, `${name} cannot be asked for (${message})`),
    advice: adviceOf(thrown),
  } as const
}

function adviceOf({ code, hint, facts }: EngineError): ModeAdvice | undefined {
  if (hint === undefined) return undefined
  const user = facts?.['user']
  return code === 'server.denied' && user !== undefined
    ? modeAdvice('grant-rights', { user }, hint)
    : modeAdvice('look-at-server', {}, hint)
}

/** What cannot be counted in time is not known; everything else is a failure. */
function unknown(thrown: unknown, run: Run): undefined {
  if (!(thrown instanceof EngineError) || run.signal.aborted) throw thrown
  run.log.verbose(`the changed pages cannot be counted: ${thrown.message}`)
}

async function readDatabaseBytes(session: Session): Promise<number> {
  const { rows } = await session.query(
    `select coalesce(pg_catalog.sum(pg_catalog.pg_database_size(oid)), 0)::text as bytes
       from pg_catalog.pg_database where pg_catalog.has_database_privilege(oid, 'connect')`,
  )
  return Number(rows[0]?.['bytes'])
}
