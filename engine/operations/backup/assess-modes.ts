import { readdir } from 'node:fs/promises'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, parseLsn } from '../../base/lsn.ts'
import { type ModeAdvice, modeAdvice, type ModeReason, modeReason } from '../../base/mode-reasons.ts'
import type { Run } from '../../base/run.ts'
import { chainOf } from '../../catalog/chain.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { chooseParent, type KnownBackup } from '../../catalog/parent.ts'
import { versionNumber } from '../../format/backup-control.ts'
import { PageMap } from '../../format/page-map.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import type { ConnectionSettings, Session } from '../../server/connection.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { findPtrackCoverage, readPtrackMaps } from '../../server/postgres/ptrack.ts'
import { countSummarizedBlocks, findSummaryCoverage } from '../../server/postgres/wal-summaries.ts'
import { readTimelineHistory } from '../../server/timeline-history.ts'
import { assessArchive } from './archived-wal.ts'
import { type AssessedModes, chooseAutomatically, type ModeChoice } from './choose-mode.ts'
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

/** Which modes are possible now, and what is known of how much each would read. */
export type ModeAssessment = {
  /** What an increment would be taken against; undefined where none is possible. */
  readonly against: { readonly parent: KnownBackup; readonly history: TimelineHistory } | undefined
  /**
   * About how much FULL and DELTA read: the logical size of the data directory when the parent was taken, without one that of
   * the databases that the role may connect to.
   */
  readonly clusterBytes: number
  readonly modes: AssessedModes
  /** What `AUTO` stands for now. */
  readonly auto: ModeChoice
}

/** There is nothing that an increment could be taken against. */
export const NO_PARENT = modeReason('no-parent', {}, 'there is no usable FULL backup to build on')
/** An estimate is not worth a longer wait. */
const LONGEST_COUNT_MS = 5_000

/**
 * Looks which modes are possible now, without changing anything: it asks the server and lists the archive. What cannot
 * be found out about one mode is the reason why that mode is not possible. `countChanges` also counts the pages that a
 * PTRACK backup would read, which may take {@link LONGEST_COUNT_MS}.
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

  const modes: AssessedModes = {
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
): Promise<AssessedModes['PAGE']> {
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
): Promise<AssessedModes['PTRACK']> {
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
