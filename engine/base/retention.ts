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
  /** Its FULL is one of those that redundancy keeps. */
  readonly isRedundant: boolean
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
 * everything for ever. Source: `catalog-format.md` section 12.2.
 */
export function backupFates(
  backups: readonly RetainedBackup[],
  policy: RetentionPolicy,
  rule: RetentionRule,
): readonly BackupFate[] {
  const fullOf = findFulls(backups)
  const redundant = redundantFulls(backups, policy.redundancy, rule)
  let fullNumber = 1
  const own = backups.map((backup) => {
    const fullId = fullOf.get(backup.id)
    const isRedundant = fullId !== undefined && redundant.has(fullId)
    const fate = {
      backup,
      fullId,
      fullNumber,
      isRedundant,
      policyEnds: policyEnd(backup, policy, rule, isRedundant),
      pinEnds: backup.expireSeconds ?? 0,
    }
    if (backup.mode === 'FULL' && USABLE.has(backup.status)) fullNumber++
    return fate
  })
  const holders = lastHolders(own)
  return own.map((fate) => {
    const holder = holders.get(fate.backup.id) ?? fate
    return { ...fate, goesAt: ownEnd(holder), lastHolder: holder.backup.id }
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
  isRedundant: boolean,
): number {
  if (isRedundant || (redundancy === 0 && windowDays === 0)) return Number.POSITIVE_INFINITY
  if (windowDays === 0) return 0
  const seconds = recoverySeconds ?? startSeconds
  if (rule.kind === 'probackup') return seconds + windowDays * DAY_SECONDS + 1
  // The first midnight at which the start of the window lies after it.
  const shifted = seconds + rule.offsetSeconds + (windowDays - 1) * DAY_SECONDS
  return shifted - modulo(shifted, DAY_SECONDS) + DAY_SECONDS
}

/** The FULLs that redundancy keeps. Newest first, until there are enough usable ones. */
function redundantFulls(
  backups: readonly RetainedBackup[],
  redundancy: number,
  rule: RetentionRule,
): ReadonlySet<BackupId> {
  const found = new Set<BackupId>()
  let usable = 0
  for (const { id, mode, status } of backups) {
    if (usable >= redundancy) break
    if (mode !== 'FULL') continue
    const isUsable = USABLE.has(status)
    if (isUsable) usable++
    if (isUsable || rule.kind === 'probackup') found.add(id)
  }
  return found
}

/** The FULL of each backup that has one. A circle of parents has none. */
function findFulls(backups: readonly RetainedBackup[]): ReadonlyMap<BackupId, BackupId> {
  const byId = new Map(backups.map((backup) => [backup.id, backup]))
  const known = new Map<BackupId, BackupId | undefined>()
  for (const start of backups) {
    const way: BackupId[] = []
    let at: RetainedBackup | undefined = start
    let full: BackupId | undefined
    while (at !== undefined) {
      if (known.has(at.id)) {
        full = known.get(at.id)
        break
      }
      // Seen again on this very way, it is known to have none: that ends a circle.
      known.set(at.id, undefined)
      way.push(at.id)
      if (at.mode === 'FULL') {
        full = at.id
        break
      }
      at = at.parentId === undefined ? undefined : byId.get(at.parentId)
    }
    for (const id of way) known.set(id, full)
  }
  return new Map([...known].flatMap(([id, full]) => (full === undefined ? [] : [[id, full] as const])))
}

type OwnFate = Pick<BackupFate, 'backup' | 'policyEnds' | 'pinEnds'>

function ownEnd({ policyEnds, pinEnds }: OwnFate): number {
  return Math.max(policyEnds, pinEnds)
}

/** For each backup, who of itself and its descendants is kept longest. */
function lastHolders<Fate extends OwnFate>(fates: readonly Fate[]): ReadonlyMap<BackupId, Fate> {
  const byId = new Map(fates.map((fate) => [fate.backup.id, fate]))
  const holders = new Map<BackupId, Fate>()
  // Those that are kept longest go first, so whatever stands in the way has a holder already.
  for (const holder of fates.toSorted((a, b) => compare(ownEnd(b), ownEnd(a)))) {
    let at: Fate | undefined = holder
    while (at !== undefined && !holders.has(at.backup.id)) {
      holders.set(at.backup.id, holder)
      const parentId = parentOf(at.backup)
      at = parentId === undefined ? undefined : byId.get(parentId)
    }
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
