import path from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Lsn } from '../../base/lsn.ts'
import { findNearest } from '../../base/nearest.ts'
import type { Run } from '../../base/run.ts'
import { requireWalSegmentBytes, type Timeline } from '../../base/wal-segment.ts'
import type { Inventory } from '../../catalog/inventory.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { archiveDirectory } from '../../catalog/paths.ts'
import { readTarget, readTargetTimeline } from '../../catalog/recovery-target.ts'
import { timelineTree } from '../../catalog/recovery-timelines.ts'
import { readWalArchive, type WalArchive } from '../../catalog/wal-archive.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import { configNumber, configSystemId } from '../../format/instance-config.ts'
import { isPointInTimeRecovery, type RecoveryTarget } from '../../format/recovery-settings.ts'
import type { ReadableBackup } from '../steps/chain-file.ts'
import { checkTarget, type TargetCheck } from '../steps/check-target.ts'
import { type BackupWish, chooseBackup, type ChosenBackup, oldestAfter } from './choose-backup.ts'
import { findWalGap, lastAfter, type WalGap } from './wal-gap.ts'

/** What is to be reached, as requests have it. */
export type TargetRequest = {
  readonly catalog: string
  readonly instance: string
  readonly id: BackupId | undefined
  readonly target: RecoveryTarget | undefined
  readonly isInclusive: boolean | undefined
  readonly targetTimeline: string | undefined
  readonly isValidated: boolean
  readonly isForced: boolean
  /** WAL is copied: all of it is looked at then, also where recovery has no target but its end. */
  readonly copiesWal?: boolean
  readonly restoreCommand?: string | undefined
}

export type JudgedTarget = {
  readonly chosen: ChosenBackup
  /** Undefined when there is no target. */
  readonly check: TargetCheck | undefined
  /** The name that was looked for in vain, the latest that are there, oldest first, and one that is spelled much like it. */
  readonly missedName?: {
    readonly name: string
    readonly others: readonly string[]
    readonly meant: string | undefined
  }
  /** The transaction ended before the end of this backup, the one that is named or the oldest that could be used. */
  readonly endedBefore?: ReadableBackup
  /** Recovery that follows this timeline instead reaches the target. */
  readonly otherTimeline?: Timeline
  /** The last segment that was read on the way to a stop that was found: more than up to there is not needed. */
  readonly lastSegment?: string
  /**
   * Without a target: recovery ends at a gap, and there is more WAL after it. `isRefused` where a timeline was asked for,
   * and so more than what the backup holds.
   */
  readonly gap?: WalGap & { readonly isRefused: boolean }
}

/** So long the WAL of other timelines is read for a target that is not reached, and so many are looked at. */
const OTHERS_MS = 5_000
const MOST_OTHERS = 3

/**
 * As {@link judgeOn}, and where the target is not reached, whether another timeline leads there: the end of one that was
 * left is often only in the first segment of the next.
 *
 * @throws {EngineError} as {@link judgeOn}
 */
export async function judgeTarget(
  request: TargetRequest,
  run: TargetRun,
  { limitMs }: Patience = {},
): Promise<JudgedTarget> {
  const startMs = performance.now()
  const limit = limitMs === undefined ? {} : { limitMs }
  const judged = await judgeEnd(request, await judgeOn(request, run, limit), run, limit)
  const { check, chosen } = judged
  if (check?.kind !== 'not-reached' || request.target === undefined) return judged
  const leftMs =
    limitMs === undefined ? OTHERS_MS : Math.min(OTHERS_MS, startMs + limitMs - performance.now())
  const quiet = { signal: run.signal }
  const deadlineMs = performance.now() + leftMs
  for (const timeline of await otherTimelines(request, chosen, run)) {
    const patience = { limitMs: Math.max(0, Math.ceil(deadlineMs - performance.now())) }
    const other = { ...request, targetTimeline: String(timeline) }
    const found = await judgeOn(other, quiet, patience).catch((thrown: unknown) => {
      // No backup leads there.
      if (thrown instanceof EngineError) return undefined
      throw thrown
    })
    if (found?.check?.kind === 'reached') return { ...judged, otherTimeline: timeline }
  }
  return judged
}

/** What is copied is read as what a target needs, when recovery goes on without a target for as long as it can. */
async function judgeEnd(
  request: TargetRequest,
  judged: JudgedTarget,
  run: TargetRun,
  patience: Patience,
): Promise<JudgedTarget> {
  const { id, control } = judged.chosen.backup
  if (request.copiesWal !== true || request.target !== undefined || !recoversFurther(request, control))
    return judged
  const targetTimeline = request.targetTimeline ?? 'current'
  return await judgeOn({ ...request, id, target: { kind: 'latest' }, targetTimeline }, run, patience)
}

/** Whether recovery of the backup goes further than the WAL that it carries itself. */
export function recoversFurther(
  {
    target,
    targetTimeline,
    restoreCommand,
  }: Pick<TargetRequest, 'target' | 'targetTimeline' | 'restoreCommand'>,
  { isStream }: Pick<BackupControl, 'isStream'>,
): boolean {
  return isPointInTimeRecovery({
    isArchiveBackup: !isStream,
    target,
    targetTimeline,
    restoreCommand,
  })
}

/** What recovery leaves out that goes on without a target for as long as it can. Names tell; WAL is not read. */
function gapFor(
  request: TargetRequest,
  { backup: { control }, path: way }: ChosenBackup,
  archive: WalArchive,
): Pick<JudgedTarget, 'gap'> {
  if (request.target !== undefined || !recoversFurther(request, control)) return {}
  const gap = findWalGap(archive, way, control)
  return gap === undefined ? {} : { gap: { ...gap, isRefused: request.targetTimeline !== undefined } }
}

/** Those that branched off from what was followed come first, then others; of each the newest first. */
async function otherTimelines(
  { catalog, instance }: TargetRequest,
  { path: followed, backup }: ChosenBackup,
  run: Pick<Run, 'signal'>,
): Promise<readonly Timeline[]> {
  const own = followed.at(-1)?.timeline ?? backup.control.timeline
  const { backups, config } = await readInventory(catalog, instance, run)
  const segmentBytes = requireWalSegmentBytes(configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES)
  const archive = await readWalArchive(catalog, instance, segmentBytes, run)
  const nodes = timelineTree({ backups, archive }).filter(
    ({ timeline, hasHistory }) => hasHistory && timeline !== own,
  )
  const [heirs, others] = [true, false].map((isHeir) =>
    nodes.filter((node) => node.path.some(({ timeline }) => timeline === own) === isHeir).toReversed(),
  )
  return [...(heirs ?? []), ...(others ?? [])].slice(0, MOST_OTHERS).map(({ timeline }) => timeline)
}

type TargetRun = Pick<Run, 'signal'> & { readonly onSegment?: (name: string, bytes: number) => void }

/** How long WAL is read. */
type Patience = { readonly limitMs?: number }

const USUAL_SEGMENT_BYTES = 16 << 20

/** So many names of restore points are told when none of them is the one that was asked for. */
const MOST_NAMES = 5
/** What backups of pg_probackup leave in the WAL for themselves. */
const NAME_OF_BACKUP = /^pg_probackup, backup_id /

/**
 * Chooses the backup for a restore and reads the WAL from there up to the target. A backup that turns out to end after
 * the target is passed over, unless it was named.
 *
 * @throws {EngineError} `backup.*` when no backup serves; `value.malformed`, `usage.invalid` for the target; `storage.*`
 */
async function judgeOn(request: TargetRequest, run: TargetRun, { limitMs }: Patience): Promise<JudgedTarget> {
  const inventory = await readInventory(request.catalog, request.instance, run)
  const segmentBytes = segmentBytesOf(inventory)
  const archive = await readWalArchive(request.catalog, request.instance, segmentBytes, run)
  const wish = wishOf(request, inventory, archive)
  const { target } = wish
  const systemIdentifier = configSystemId(inventory.config)
  const deadlineMs = limitMs === undefined ? undefined : performance.now() + limitMs
  const unfitIds = new Set<BackupId>()
  let first: JudgedTarget | undefined
  /** From where on each target timeline has been searched in vain. */
  const searched = new Map<Timeline, Lsn>()
  /** Later ones first: WAL is read from the newest backup on, and then what comes before that. */
  let names: readonly string[] = []
  let meant: string | undefined
  /** No WAL was missing where the target may be. */
  let isAllRead = true
  const inVain = (judged: JudgedTarget): JudgedTarget => {
    if (judged.check?.kind !== 'not-reached') return judged
    if (target?.kind === 'name') return { ...judged, missedName: { name: target.name, others: names, meant } }
    const oldest = target?.kind === 'xid' && isAllRead ? oldestAfter(inventory, wish) : undefined
    return oldest === undefined ? judged : { ...judged, endedBefore: oldest }
  }
  for (;;) {
    let chosen: ChosenBackup
    try {
      chosen = chooseBackup(inventory, { ...wish, unfitIds })
    } catch (thrown) {
      // The newest one that was looked at says more than that there is none.
      if (first === undefined) throw thrown
      return inVain(first)
    }
    if (target === undefined || systemIdentifier === undefined)
      return { chosen, check: undefined, ...gapFor(request, chosen, archive) }
    const { control, directory, id } = chosen.backup
    const timeline = chosen.path.at(-1)?.timeline ?? control.timeline
    const searchedFrom = searched.get(timeline)
    let passed: readonly string[] = []
    let lastSegment: string | undefined
    const check = await checkTarget({
      target,
      startLsn: control.startLsn,
      stopLsn: control.stopLsn,
      path: chosen.path,
      segmentBytes,
      systemIdentifier,
      places: [
        { directory: archiveDirectory(request.catalog, request.instance), kind: 'archive' },
        { directory: path.join(directory, 'database', 'pg_wal'), kind: 'plain' },
      ],
      laterThan: (name) => lastAfter(archive, chosen.path, name),
      signal: run.signal,
      onRestorePoint: (name) => {
        if (NAME_OF_BACKUP.test(name)) return
        passed = [...passed, name].slice(-MOST_NAMES)
        if (target.kind === 'name')
          meant = findNearest(target.name, meant === undefined ? [name] : [meant, name])
      },
      report: (name, bytes) => {
        lastSegment = name
        run.onSegment?.(name, bytes)
      },
      ...(deadlineMs !== undefined && { limitMs: Math.max(0, Math.ceil(deadlineMs - performance.now())) }),
      ...(searchedFrom !== undefined && { searchedFrom }),
    })
    names = [...passed, ...names].slice(-MOST_NAMES)
    if (check.kind === 'not-reached' && !check.isEnd) isAllRead = false
    const isInVain = check.kind === 'not-found' || (check.kind === 'not-reached' && chosen.isDoubtful)
    if ((!isInVain && check.kind !== 'before-end') || request.id !== undefined)
      return inVain({ chosen, check, ...(isStop(check) && lastSegment !== undefined && { lastSegment }) })
    if (check.kind !== 'not-found') first ??= { chosen, check }
    // A stop before the end of this backup may well come after its start.
    if (isInVain) searched.set(timeline, control.startLsn)
    unfitIds.add(id)
  }
}

/**
 * Chooses the backup without reading WAL.
 *
 * @throws {EngineError} as {@link judgeTarget}
 */
export async function chooseForTarget(
  request: TargetRequest,
  inventory: Inventory,
  run: Pick<Run, 'signal'>,
): Promise<ChosenBackup & { readonly archive: WalArchive }> {
  const { catalog, instance } = request
  const archive = await readWalArchive(catalog, instance, segmentBytesOf(inventory), run)
  return { ...chooseBackup(inventory, wishOf(request, inventory, archive)), archive }
}

function wishOf(request: TargetRequest, inventory: Inventory, archive: WalArchive): BackupWish {
  const { id, isInclusive, isValidated, isForced, targetTimeline } = request
  return {
    id,
    target: request.target === undefined ? undefined : readTarget(request.target, { isInclusive }),
    timeline: targetTimeline === undefined ? undefined : readTargetTimeline(targetTimeline),
    tree: timelineTree({ backups: inventory.backups, archive }),
    isValidated,
    isForced,
  }
}

function segmentBytesOf({ config }: Inventory): number {
  return requireWalSegmentBytes(configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES)
}

/** Recovery ends at a record, and not where the WAL does. */
function isStop(check: TargetCheck): boolean {
  return check.kind === 'reached' && check.stop !== undefined
}
