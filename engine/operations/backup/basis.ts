import { readdir } from 'node:fs/promises'
import type { Run } from '../../base/run.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn } from '../../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { chooseParent, type KnownBackup } from '../../catalog/parent.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import type { ConnectionSettings, Session } from '../../server/connection.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { findSummaryCoverage } from '../../server/postgres/wal-summaries.ts'
import { readTimelineHistory } from '../../server/timeline-history.ts'
import type { BackupSettings } from './settings.ts'

/** What a backup is taken against. */
export type Basis =
  | { readonly mode: 'FULL' }
  | {
      readonly mode: 'DELTA' | 'PAGE' | 'PTRACK'
      readonly parent: KnownBackup
      readonly timeline: Timeline
      readonly history: TimelineHistory
    }

/**
 * Decides before anything starts whether the mode that was asked for is possible, and which one `AUTO` stands for: the
 * cheapest that is. The reason goes into the log.
 *
 * @throws {EngineError} `plan.refused`, naming the modes that are possible
 */
export async function findBasis(
  settings: BackupSettings,
  inventory: Inventory,
  server: {
    readonly session: Session
    readonly facts: ServerFacts
    readonly connection: ConnectionSettings
    readonly archiveDirectory: string
  },
  run: Run,
): Promise<Basis> {
  const { mode } = settings
  if (mode === 'FULL') return { mode }
  const { session, facts } = server
  const history = await readTimelineHistory(server.connection, facts.timeline, run)
  const parent = chooseParent(inventory, facts.timeline, history)
  if (parent === undefined) {
    if (mode === 'AUTO') {
      run.log.info('mode FULL: there is no usable FULL backup to build on')
      return { mode: 'FULL' }
    }
    throw new EngineError('plan.refused', `there is no backup that a ${mode} backup could be taken against`, {
      hint: 'Take a FULL backup first (-b FULL).',
    })
  }
  const basis = { parent, timeline: facts.timeline, history }
  if (mode === 'DELTA') return { mode, ...basis }
  if (mode === 'PAGE') {
    const reason = await whyNotArchived(parent, facts, server.archiveDirectory)
    if (reason === undefined) return { mode, ...basis }
    throw new EngineError('plan.refused', `a PAGE backup is not possible: ${reason}`, {
      hint: 'Take a DELTA backup, which reads every page, or a FULL one.',
      facts: { parent: parent.id, start: formatLsn(parent.control.startLsn) },
    })
  }

  const tracked = await whyNotTracked(parent, session, facts)
  if (tracked === undefined) {
    if (mode === 'AUTO')
      run.log.info('mode PTRACK: the server has summarized its WAL since the parent backup')
    return { mode: 'PTRACK', ...basis }
  }
  if (mode === 'AUTO') {
    run.log.info(`mode DELTA: ${tracked}`)
    return { mode: 'DELTA', ...basis }
  }
  throw new EngineError('plan.refused', `a PTRACK backup is not possible: ${tracked}`, {
    hint: 'Take a DELTA backup, which reads every page, or a FULL one; set summarize_wal = on (PostgreSQL 17 and later) for the next time.',
    facts: { parent: parent.id, start: formatLsn(parent.control.startLsn) },
  })
}

/** Why the server cannot name the pages that have changed since the parent; undefined when it can. */
async function whyNotTracked(
  parent: KnownBackup,
  session: Session,
  facts: ServerFacts,
): Promise<string | undefined> {
  if (parent.control.timeline !== facts.timeline)
    return `the parent backup ${parent.id} is of timeline ${parent.control.timeline}`
  const coverage = await findSummaryCoverage(session, facts.major, {
    timeline: facts.timeline,
    from: parent.control.startLsn,
  })
  return coverage.kind === 'covered' ? undefined : coverage.reason
}

/** Why the archive cannot say what has changed since the parent, as far as that can be seen now. */
async function whyNotArchived(
  parent: KnownBackup,
  facts: ServerFacts,
  archiveDirectory: string,
): Promise<string | undefined> {
  if (facts.archiveMode === 'off') return 'the server does not archive its WAL (archive_mode is off)'
  const { startLsn, timeline } = parent.control
  const number = walSegmentNumber(startLsn, facts.walSegmentBytes)
  const name = walSegmentName({ timeline, number }, facts.walSegmentBytes)
  const archived: readonly string[] = await readdir(archiveDirectory).catch(() => [])
  return archived.includes(name) || archived.includes(`${name}.gz`)
    ? undefined
    : `WAL segment ${name}, in which the parent ${parent.id} starts, is not in the archive`
}
