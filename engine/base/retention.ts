import type { BackupId } from './backup-id.ts'

// Which backups a policy keeps, and until when. Pure and without any module of Node, so that the window works out the
// same while somebody drags: nothing has to be asked of the engine for another policy or another day.

/** As much of a backup as retention looks at. Times are Unix seconds. */
export type RetainedBackup = {
  readonly id: BackupId
  /** Anything but `FULL` hangs on its parent; empty where the control file cannot be read. */
  readonly mode: string
  readonly status: string
  readonly parentId: BackupId | undefined
  readonly startSeconds: number
  readonly recoverySeconds: number | undefined
  readonly expireSeconds: number | undefined
  /** Its control file is there and says nothing now: it may be pinned, and need any backup that is older. */
  readonly isUnread?: boolean
}

export type RetentionPolicy = {
  /** FULL backups to keep, with all that hangs on them; 0 = no such rule. */
  readonly redundancy: number
  /** Days back that backups are kept; 0 = no such rule. */
  readonly windowDays: number
}

/**
 * Whose arithmetic. `gs` starts its days at midnight and counts today as one of them; `offsetSeconds` is how far east of
 * UTC its clock is. It also gives a FULL that is not usable no place beside those that are.
 */
export type RetentionRule =
  { readonly kind: 'probackup' } | { readonly kind: 'gs'; readonly offsetSeconds: number }

/** When one backup leaves what keeps it. Times are the first Unix second at which it is so; Infinity is never. */
export type BackupFate = {
  readonly backup: RetainedBackup
  /** The FULL at the root of its chain; undefined where that is not there. */
  readonly fullId: BackupId | undefined
  /** Usable FULL backups that are newer, and one: the number that reports show. */
  readonly fullNumber: number
  /** Until then its FULL is one of those that redundancy keeps; 0 where it is not any more. */
  readonly redundantEnds: number
  /** The policy does not keep it any more. */
  readonly policyEnds: number
  /** 0 for a backup that is not pinned. */
  readonly pinEnds: number
  /** Neither policy nor pin keep it, nor any backup that needs it. */
  readonly goesAt: number
  /** Of itself and those that need it, the one that is kept longest. */
  readonly lastHolder: BackupId
}

/** `kept` by the policy, `held` by a backup that needs it, or `pinned`; else it will go. */
export type RetentionVerdict = 'kept' | 'held' | 'pinned' | 'will-go'

const DAY_SECONDS = 86_400
const USABLE: ReadonlySet<string> = new Set(['OK', 'DONE'])

/**
 * Works out the fates of all backups of an instance, given and answered newest first. A policy without any rule keeps
 * everything for ever. So does nobody knowing what a backup is: one whose control file cannot be read stays, and with it
 * every older one, of which it may be an increment. The reference tool lets both go by age. Source: `catalog-format.md`
 * section 12.2.
 *
 * Where some of them are still to come, `nowSeconds` says which: a FULL takes the place of an older one when it is there.
 */
export function backupFates(
  backups: readonly RetainedBackup[],
  policy: RetentionPolicy,
  rule: RetentionRule,
  nowSeconds = Number.POSITIVE_INFINITY,
): readonly BackupFate[] {
  const parents = placeParents(backups)
  const fulls = placeFulls(backups, parents)
  const redundant = redundantFulls(backups, policy.redundancy, rule, nowSeconds)
  const own: Omit<BackupFate, 'goesAt' | 'lastHolder'>[] = []
  const ends = new Float64Array(backups.length)
  let fullNumber = 1
  for (const [place, backup] of backups.entries()) {
    const fullId = backups[fulls[place] ?? -1]?.id
    const redundantEnds = fullId === undefined ? 0 : (redundant.get(fullId) ?? 0)
    const policyEnds =
      backup.isUnread === true ? Number.POSITIVE_INFINITY : policyEnd(backup, policy, rule, redundantEnds)
    const pinEnds = backup.expireSeconds ?? 0
    own.push({ backup, fullId, fullNumber, redundantEnds, policyEnds, pinEnds })
    ends[place] = Math.max(policyEnds, pinEnds)
    if (backup.mode === 'FULL' && USABLE.has(backup.status)) fullNumber++
  }
  const holders = lastHolders(
    parents,
    ends,
    backups.findIndex(({ isUnread }) => isUnread === true),
  )
  return own.map((fate, place) => {
    const holder = holders[place] ?? place
    return { ...fate, goesAt: ends[holder] ?? 0, lastHolder: backups[holder]?.id ?? fate.backup.id }
  })
}

/** What becomes of a backup at a Unix second. */
export function verdictAt(
  fate: Pick<BackupFate, 'policyEnds' | 'pinEnds' | 'goesAt'>,
  nowSeconds: number,
): RetentionVerdict {
  if (nowSeconds < fate.policyEnds) return 'kept'
  if (nowSeconds < fate.pinEnds) return 'pinned'
  return nowSeconds < fate.goesAt ? 'held' : 'will-go'
}

/** Neither the policy nor a pin keep it. */
export function isExpired(fate: Pick<BackupFate, 'policyEnds' | 'pinEnds'>, nowSeconds: number): boolean {
  return nowSeconds >= fate.policyEnds && nowSeconds >= fate.pinEnds
}

/** Before this Unix second a backup is older than the window; undefined without a window. */
export function windowStart(
  { windowDays }: RetentionPolicy,
  rule: RetentionRule,
  nowSeconds: number,
): number | undefined {
  if (windowDays === 0) return undefined
  return rule.kind === 'probackup'
    ? nowSeconds - windowDays * DAY_SECONDS
    : nowSeconds - modulo(nowSeconds, DAY_SECONDS) - rule.offsetSeconds - (windowDays - 1) * DAY_SECONDS
}

/** What of the parent of a backup matters: a FULL has none. */
export function parentOf(backup: RetainedBackup): BackupId | undefined {
  return backup.mode === 'FULL' ? undefined : backup.parentId
}

function policyEnd(
  { recoverySeconds, startSeconds }: RetainedBackup,
  { redundancy, windowDays }: RetentionPolicy,
  rule: RetentionRule,
  redundantEnds: number,
): number {
  if (redundancy === 0 && windowDays === 0) return Number.POSITIVE_INFINITY
  if (windowDays === 0) return redundantEnds
  const seconds = recoverySeconds ?? startSeconds
  if (rule.kind === 'probackup') return Math.max(redundantEnds, seconds + windowDays * DAY_SECONDS + 1)
  // The first midnight at which the start of the window lies after it.
  const shifted = seconds + rule.offsetSeconds + (windowDays - 1) * DAY_SECONDS
  return Math.max(redundantEnds, shifted - modulo(shifted, DAY_SECONDS) + DAY_SECONDS)
}

/**
 * Until when redundancy keeps FULLs: newest first, until there are enough usable ones that are newer. Those that it lost
 * before `nowSeconds` are left out.
 */
function redundantFulls(
  backups: readonly RetainedBackup[],
  redundancy: number,
  rule: RetentionRule,
  nowSeconds: number,
): ReadonlyMap<BackupId, number> {
  const found = new Map<BackupId, number>()
  /** When the usable ones so far were taken, newest first. */
  const usable: number[] = []
  for (const { id, mode, status, startSeconds } of backups) {
    // The newer one with which there are enough without this.
    const pushedOut =
      redundancy === 0
        ? 0
        : usable.length < redundancy
          ? Number.POSITIVE_INFINITY
          : (usable.at(-redundancy) ?? 0)
    if (pushedOut <= nowSeconds && Number.isFinite(pushedOut)) break
    if (mode !== 'FULL') continue
    const isUsable = USABLE.has(status)
    if (isUsable || rule.kind === 'probackup') found.set(id, pushedOut)
    if (isUsable) usable.push(startSeconds)
  }
  return found
}

/** Where in the list the parent of each backup is; -1 where there is none, or it is not there. */
function placeParents(backups: readonly RetainedBackup[]): Int32Array {
  const places = new Map<BackupId, number>()
  for (const [place, { id }] of backups.entries()) places.set(id, place)
  const parents = new Int32Array(backups.length).fill(-1)
  for (const [place, backup] of backups.entries()) {
    const parentId = parentOf(backup)
    if (parentId !== undefined) parents[place] = places.get(parentId) ?? -1
  }
  return parents
}

const UNSEEN = -2

/** Where the FULL of each backup is; -1 where it has none, as in a circle of parents. */
function placeFulls(backups: readonly RetainedBackup[], parents: Int32Array): Int32Array {
  const fulls = new Int32Array(backups.length).fill(UNSEEN)
  const way: number[] = []
  for (let start = 0; start < backups.length; start++) {
    let at = start
    while (at >= 0 && fulls[at] === UNSEEN) {
      // Seen again on this very way, it is known to have none: that ends a circle.
      fulls[at] = backups[at]?.mode === 'FULL' ? at : -1
      way.push(at)
      at = fulls[at] === at ? -1 : (parents[at] ?? -1)
    }
    const end = way.at(-1)
    const full = at >= 0 ? (fulls[at] ?? -1) : end === undefined ? -1 : (fulls[end] ?? -1)
    for (const place of way) fulls[place] = full
    way.length = 0
  }
  return fulls
}

/**
 * For each place, that of the one of itself and its descendants which is kept longest; of equals the newest. What lies
 * behind `unread` may be an ancestor of that one, unless that is -1.
 */
function lastHolders(parents: Int32Array, ends: Float64Array, unread: number): Int32Array {
  const holders = new Int32Array(parents.length).fill(-1)
  const order = Uint32Array.from(ends.keys()).sort((a, b) => compare(ends[b] ?? 0, ends[a] ?? 0) || a - b)
  // Those that are kept longest go first, so whatever stands in the way has a holder already.
  for (const holder of order) {
    for (let at = holder; at >= 0 && holders[at] === -1; at = parents[at] ?? -1) holders[at] = holder
  }
  if (unread === -1) return holders
  // Not those that are kept for ever anyway, and say why.
  for (let at = unread + 1; at < holders.length; at++) {
    if (Number.isFinite(ends[holders[at] ?? at])) holders[at] = unread
  }
  return holders
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Never negative, unlike `%`. */
function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
