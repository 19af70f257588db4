import type { BackupId } from '../base/backup-id.ts'
import type { Backup } from './backup.ts'
import { type ChainSummary, chainsOf } from './chain.ts'
import type { Inventory } from './inventory.ts'

export type Severity = 'ok' | 'attention' | 'problem'

type Sentence = { readonly code: string; readonly values: Readonly<Record<string, string | number>> }

/** How well an instance is protected, in one sentence. */
export type Protection = {
  readonly severity: Severity
  readonly sentence: Sentence
  readonly newestRestorableSeconds: number | undefined
  readonly oldestRestorableSeconds: number | undefined
}

/** Something that somebody should see to. */
export type Todo = {
  readonly severity: Severity
  readonly sentence: Sentence
  readonly backupId: BackupId | undefined
  /** What a drill found wrong, the first of it; undefined for what has nothing to do with drills. */
  readonly finding?: Sentence
}

/** The newest drill of an instance whose backup is still there. */
export type LastDrill = {
  readonly backupId: BackupId
  /** Of the checks that failed, the first one and their number; undefined when none has. */
  readonly failed: { readonly first: Sentence; readonly count: number } | undefined
}

export type Health = { readonly protection: Protection; readonly todo: readonly Todo[] }

const MOST_TODO = 5

/**
 * Judges what an inventory means for a restore. Only backups with status OK or DONE and a whole chain of such count as
 * restorable. `isStale` tells of a backup whose status says that somebody works on it, while nobody does. A drill that
 * failed weighs as much as a backup that failed, until another one passes. Pure.
 */
export function judge(
  inventory: Pick<Inventory, 'backups'>,
  isStale: (backup: Backup) => boolean,
  drill?: LastDrill,
): Health {
  const { backups } = inventory
  const chains = chainsOf(inventory)
  const restorable = backups.filter(({ id }) => chains.get(id)?.isUsable === true)
  const newest = restorable[0]
  const times = restorable.flatMap((backup) => restorableSeconds(backup) ?? [])
  const todo = [...drillTodo(drill), ...damagedTodo(backups, chains), ...unfinishedTodo(backups, isStale)]
  return {
    protection: {
      ...sentenceFor(backups, newest, todo),
      newestRestorableSeconds: times.length === 0 ? undefined : Math.max(...times),
      oldestRestorableSeconds: times.length === 0 ? undefined : Math.min(...times),
    },
    todo: [
      ...todo,
      ...(newest?.control?.status === 'DONE' ? [entry('attention', 'validate-newest', newest)] : []),
    ]
      .toSorted((a, b) => rank(b.severity) - rank(a.severity))
      .slice(0, MOST_TODO),
  }
}

/** The moment a restored server of this backup stands at. */
export function restorableSeconds({ control }: Backup): number | undefined {
  return control?.recoverySeconds ?? control?.endSeconds
}

function sentenceFor(
  backups: readonly Backup[],
  newest: Backup | undefined,
  todo: readonly Todo[],
): Pick<Protection, 'severity' | 'sentence'> {
  const values = { count: backups.length }
  if (newest === undefined) {
    const isEmpty = backups.every(({ control }) => control?.status === 'RUNNING')
    return { severity: 'problem', sentence: { code: isEmpty ? 'no-backup' : 'damaged', values } }
  }
  const latest = backups.find(({ control }) => control?.status !== 'RUNNING')
  if (latest?.control?.status === 'ERROR')
    return { severity: 'problem', sentence: { code: 'last-failed', values: { id: latest.id } } }
  if (latest !== undefined && (latest.control?.status === 'CORRUPT' || latest.control?.status === 'ORPHAN')) {
    return { severity: 'problem', sentence: { code: 'damaged', values: { id: latest.id } } }
  }
  const drill = todo.find(({ sentence }) => sentence.code === 'drill-failed')
  if (drill !== undefined) return { severity: 'problem', sentence: drill.sentence }
  const stale = todo.find(({ sentence }) => sentence.code === 'stale-running')
  if (stale !== undefined)
    return { severity: 'attention', sentence: { ...stale.sentence, code: 'stale-running' } }
  if (newest.control?.status === 'DONE')
    return { severity: 'attention', sentence: { code: 'unchecked', values: { id: newest.id } } }
  const severity = todo.some((one) => one.severity === 'problem') ? 'attention' : 'ok'
  return { severity, sentence: { code: 'protected', values } }
}

function drillTodo(drill: LastDrill | undefined): readonly Todo[] {
  if (drill?.failed === undefined) return []
  const { backupId, failed } = drill
  const sentence = { code: 'drill-failed', values: { id: backupId, count: failed.count } }
  return [{ severity: 'problem', sentence, backupId, finding: failed.first }]
}

/** One entry for all of a kind: a list of forty orphans says no more than their number. */
function damagedTodo(
  backups: readonly Backup[],
  chains: ReadonlyMap<BackupId, ChainSummary>,
): readonly Todo[] {
  const withStatus = (status: string) => backups.filter(({ control }) => control?.status === status)
  const unreadable = backups.filter(({ control }) => control === undefined)
  const broken = backups.filter(
    ({ id, control }) =>
      (control?.status === 'OK' || control?.status === 'DONE') && chains.get(id)?.fullId === undefined,
  )
  return [
    summed('problem', 'corrupt', withStatus('CORRUPT')),
    summed('attention', 'orphan', withStatus('ORPHAN')),
    summed('attention', 'chain-broken', broken),
    summed('attention', 'unreadable', unreadable),
    summed('attention', 'failed', withStatus('ERROR')),
  ].flat()
}

function unfinishedTodo(backups: readonly Backup[], isStale: (backup: Backup) => boolean): readonly Todo[] {
  const stale = backups.filter(isStale)
  return [
    summed(
      'attention',
      'stale-running',
      stale.filter(({ control }) => control?.status === 'RUNNING'),
    ),
    summed(
      'attention',
      'merge-unfinished',
      stale.filter(({ control }) => control?.status === 'MERGING'),
    ),
    summed(
      'attention',
      'delete-unfinished',
      stale.filter(({ control }) => control?.status === 'DELETING'),
    ),
  ].flat()
}

function summed(severity: Severity, code: string, backups: readonly Backup[]): readonly Todo[] {
  const [first] = backups
  return first === undefined
    ? []
    : [
        {
          ...entry(severity, code, first),
          sentence: { code, values: { id: first.id, count: backups.length } },
        },
      ]
}

function entry(severity: Severity, code: string, { id }: Backup): Todo {
  return { severity, sentence: { code, values: { id, count: 1 } }, backupId: id }
}

function rank(severity: Severity): number {
  return severity === 'problem' ? 2 : severity === 'attention' ? 1 : 0
}
