import { type BackupId, backupIdFromSeconds } from './backup-id.ts'
import type { RetainedBackup } from './retention.ts'

/** How often backups of a mode were taken lately, and how large they were. Both are medians. */
export type ModeRhythm = {
  readonly mode: string
  readonly everySeconds: number
  readonly bytes: number
  readonly lastSeconds: number
}

export type BackupRhythm =
  | { readonly kind: 'known'; readonly modes: readonly ModeRhythm[] }
  /** `few`: of no mode are there three backups; `stopped`: for three times their interval none has come. */
  | { readonly kind: 'unknown'; readonly why: 'few' | 'stopped' }

/** A backup that would be taken if all went on as it has. */
export type FutureBackup = RetainedBackup & { readonly bytes: number }

const USABLE: ReadonlySet<string> = new Set(['OK', 'DONE'])
/** Two intervals may be chance; with one there is nothing to compare. */
const LEAST_BACKUPS = 3
/** What was long ago says little of what comes. */
const NEWEST = 21
const MOST_MISSED = 3
/** More would press no more into a picture: seven months of a backup every hour. */
const MOST_FUTURE = 5000
const DAY_SECONDS = 86_400

/**
 * The rhythm of what is recorded, for there is no schedule to ask. Backups that failed count as not taken. `backups` are
 * newest first, times Unix seconds.
 */
export function rhythmOf(
  backups: readonly RetainedBackup[],
  bytesOf: (id: BackupId) => number,
  nowSeconds: number,
): BackupRhythm {
  const newest = new Map<string, RetainedBackup[]>()
  for (const backup of backups) {
    if (!USABLE.has(backup.status) || backup.mode === '' || backup.startSeconds > nowSeconds) continue
    const known = newest.get(backup.mode)
    if (known === undefined) newest.set(backup.mode, [backup])
    else if (known.length < NEWEST) known.push(backup)
  }
  const modes = [...newest].flatMap(([mode, taken]): readonly ModeRhythm[] => {
    const [last] = taken
    if (last === undefined || taken.length < LEAST_BACKUPS) return []
    const gaps = taken.slice(1).map((backup, at) => (taken[at]?.startSeconds ?? 0) - backup.startSeconds)
    return [
      {
        mode,
        everySeconds: Math.max(1, median(gaps)),
        bytes: median(taken.map(({ id }) => bytesOf(id))),
        lastSeconds: last.startSeconds,
      },
    ]
  })
  if (modes.length === 0) return { kind: 'unknown', why: 'few' }
  const going = modes.filter(
    ({ lastSeconds, everySeconds }) => nowSeconds - lastSeconds <= MOST_MISSED * everySeconds,
  )
  return going.length === 0 ? { kind: 'unknown', why: 'stopped' } : { kind: 'known', modes: going }
}

/** Bytes of backups that come in a day. */
export function bytesPerDay(modes: readonly ModeRhythm[]): number {
  return modes.reduce((sum, { bytes, everySeconds }) => sum + (bytes * DAY_SECONDS) / everySeconds, 0)
}

/**
 * Backups until a moment if all goes on as it has, newest first. After a FULL the increments begin anew, each on the backup
 * before it. At most 5,000, the next ones.
 */
export function futureBackups(
  modes: readonly ModeRhythm[],
  backups: readonly RetainedBackup[],
  nowSeconds: number,
  untilSeconds: number,
): readonly FutureBackup[] {
  const lastFull = modes.find(({ mode }) => mode === 'FULL')?.lastSeconds ?? 0
  const next = modes.map(({ mode, lastSeconds, everySeconds }) =>
    Math.max(
      nowSeconds + 1,
      everySeconds + (mode === 'FULL' ? lastSeconds : Math.max(lastSeconds, lastFull)),
    ),
  )
  let parentId = backups.find(({ status }) => USABLE.has(status))?.id
  let takenSeconds = nowSeconds
  const found: FutureBackup[] = []
  while (found.length < MOST_FUTURE) {
    const at = earliest(next, modes)
    const rhythm = modes[at]
    // An id is a second: two of one second would be one.
    const startSeconds = Math.max(takenSeconds + 1, Math.round(next[at] ?? untilSeconds + 1))
    if (rhythm === undefined || startSeconds > untilSeconds) break
    const id = backupIdFromSeconds(startSeconds)
    const isFull = rhythm.mode === 'FULL'
    found.push({
      id,
      mode: rhythm.mode,
      status: 'OK',
      parentId: isFull ? undefined : parentId,
      startSeconds,
      recoverySeconds: startSeconds,
      expireSeconds: undefined,
      bytes: rhythm.bytes,
    })
    for (const [place, { everySeconds }] of modes.entries())
      if (place === at || isFull) next[place] = startSeconds + everySeconds
    parentId = id
    takenSeconds = startSeconds
  }
  return found.reverse()
}

/** The mode that is next; of those at one time the FULL. */
function earliest(next: readonly number[], modes: readonly ModeRhythm[]): number {
  let first = 0
  for (const [place, seconds] of next.entries()) {
    const best = next[first] ?? Number.POSITIVE_INFINITY
    if (seconds < best || (seconds === best && modes[place]?.mode === 'FULL')) first = place
  }
  return first
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? upper
  return (lower + upper) / 2
}
