import { describe, expect, test } from 'vitest'
import type { BackupId } from './backup-id.ts'
import {
  backupFates,
  isExpired,
  parentOf,
  type RetainedBackup,
  type RetentionPolicy,
  type RetentionRule,
  verdictAt,
} from './retention.ts'
import { expiredChains } from './retention-merges.ts'

// A second implementation, as slow and as near to the words of `catalog-format.md` section 12.2 as it gets: lists are
// walked from end to end, and nothing is shared with the first one.

type Slow = { readonly purge: Set<string>; readonly keep: Set<string>; readonly deleted: Set<string> }

function slowly(
  list: readonly RetainedBackup[],
  { redundancy, windowDays }: RetentionPolicy,
  rule: RetentionRule,
  now: number,
): Slow {
  const none = { purge: new Set<string>(), keep: new Set<string>(), deleted: new Set<string>() }
  if (redundancy === 0 && windowDays === 0) return none
  const find = (id: string | undefined): RetainedBackup | undefined => list.find((one) => one.id === id)
  const isValid = ({ status }: RetainedBackup): boolean => status === 'OK' || status === 'DONE'
  const ancestors = (one: RetainedBackup): readonly RetainedBackup[] => {
    const parent = one.mode === 'FULL' ? undefined : find(one.parentId)
    return parent === undefined ? [] : [parent, ...ancestors(parent)]
  }
  // 1. the redundancy list
  const fulls = list.filter(({ mode }) => mode === 'FULL')
  const inList: string[] = []
  if (rule.kind === 'gs')
    inList.push(
      ...fulls
        .filter(isValid)
        .slice(0, redundancy)
        .map(({ id }) => id),
    )
  else
    fulls.forEach((full, index) => {
      if (fulls.slice(0, index).filter(isValid).length < redundancy) inList.push(full.id)
    })
  // 2. the threshold
  let threshold = 0
  if (windowDays > 0) {
    threshold = now - windowDays * 86_400
    if (rule.kind === 'gs') {
      const midnight = new Date(now * 1000)
      midnight.setUTCHours(0, 0, 0, 0)
      threshold = midnight.getTime() / 1000 - rule.offsetSeconds - (windowDays - 1) * 86_400
    }
  }
  // 3. candidates
  const purge = new Set<string>()
  for (const one of list) {
    const time = one.recoverySeconds === undefined ? one.startSeconds : one.recoverySeconds
    const full = [one, ...ancestors(one)].at(-1)
    const isKeptByRedundancy = full?.mode === 'FULL' && inList.includes(full.id)
    const isOld = threshold === 0 || time < threshold
    const isSurplus = redundancy === 0 || !isKeptByRedundancy
    const isPinned = one.expireSeconds !== undefined && one.expireSeconds > now
    if (isOld && isSurplus && !isPinned) purge.add(one.id)
  }
  // 4. the keep list
  const keep = new Set<string>()
  for (const one of list) {
    if (one.mode === 'FULL' || purge.has(one.id)) continue
    const parent = find(one.parentId)
    if (parent !== undefined && purge.has(parent.id)) keep.add(one.id)
  }
  // delete-expired
  const deleted = new Set<string>()
  for (const id of purge) {
    const isNeeded = list.some(
      (one) => keep.has(one.id) && [one, ...ancestors(one)].some((ancestor) => ancestor.id === id),
    )
    if (!isNeeded) deleted.add(id)
  }
  return { purge, keep, deleted }
}

const NOW = Date.parse('2026-11-20T12:34:56Z') / 1000

/** Numbers from 0 to below `below`, the same for a seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Random = ReturnType<typeof numbers>

function randomCatalog(random: Random): readonly RetainedBackup[] {
  const count = random(24)
  const backups: RetainedBackup[] = []
  let start = NOW - 30 * 86_400
  for (let index = 0; index < count; index++) {
    start += 1 + random(2 * 86_400)
    const older = backups.filter(() => random(4) > 0)
    const parent = older[random(older.length)]
    const isFull = parent === undefined || random(3) === 0
    const isLost = !isFull && random(15) === 0
    const pin = random(4)
    backups.push({
      id: start.toString(36).toUpperCase() as BackupId,
      mode: isFull ? 'FULL' : random(30) === 0 ? '' : 'PAGE',
      status:
        random(4) === 0
          ? (['ERROR', 'CORRUPT', 'ORPHAN', 'RUNNING'][random(4)] ?? '')
          : random(3) === 0
            ? 'DONE'
            : 'OK',
      parentId: isFull ? undefined : isLost ? ('LOST' as BackupId) : parent.id,
      startSeconds: start,
      recoverySeconds: random(8) === 0 ? undefined : start + random(90_000),
      expireSeconds:
        pin === 0 ? NOW + random(20 * 86_400) : pin === 1 ? NOW - random(20 * 86_400) : undefined,
    })
  }
  return backups.toReversed()
}

const RULES: readonly RetentionRule[] = [
  { kind: 'probackup' },
  { kind: 'gs', offsetSeconds: 0 },
  { kind: 'gs', offsetSeconds: 8 * 3600 },
  { kind: 'gs', offsetSeconds: -5 * 3600 },
]

function randomCase(seed: number) {
  const random = numbers(seed)
  const backups = randomCatalog(random)
  const policy = { redundancy: random(4), windowDays: random(3) === 0 ? 0 : random(20) }
  const rule = RULES[random(RULES.length)] ?? { kind: 'probackup' as const }
  const now = NOW + (random(2) === 0 ? 0 : random(25 * 86_400) - 5 * 86_400)
  return { backups, policy, rule, now, fates: backupFates(backups, policy, rule) }
}

const SEEDS = Array.from({ length: 5000 }, (_, index) => index + 1)

describe('in 5,000 random catalogs', () => {
  test('the verdicts are those of a model that walks the lists', () => {
    const seen = { kept: 0, pinned: 0, held: 0, 'will-go': 0 }
    for (const seed of SEEDS) {
      const { backups, policy, rule, now, fates } = randomCase(seed)
      const model = slowly(backups, policy, rule, now)
      for (const fate of fates) {
        const { id } = fate.backup
        const verdict = verdictAt(fate, now)
        seen[verdict]++
        expect(isExpired(fate, now), `seed ${seed}, ${id}`).toBe(model.purge.has(id))
        expect(verdict === 'will-go', `seed ${seed}, ${id}`).toBe(model.deleted.has(id))
        expect(verdict === 'held', `seed ${seed}, ${id}`).toBe(model.purge.has(id) && !model.deleted.has(id))
      }
    }
    // Catalogs in which nothing of a kind happens would prove nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(1000)
  })

  test('nothing goes, and nothing is merged away, that a backup needs which is kept', () => {
    let mergedChains = 0
    for (const seed of SEEDS) {
      const { backups, now, fates } = randomCase(seed)
      const { chains } = expiredChains(fates, now)
      const vanishing = new Set(chains.flatMap(({ ids }) => ids.slice(0, -1)))
      const destinations = new Set(chains.map(({ destinationId }) => destinationId))
      mergedChains += chains.length
      const gone = new Set(
        fates
          .filter((fate) => verdictAt(fate, now) === 'will-go' || vanishing.has(fate.backup.id))
          .map(({ backup }) => backup.id),
      )
      for (const fate of fates) {
        if (!isExpired(fate, now)) expect(gone.has(fate.backup.id), `seed ${seed}`).toBe(false)
        if (gone.has(fate.backup.id) || destinations.has(fate.backup.id)) continue
        const parentId = parentOf(fate.backup)
        const isThere = backups.some(({ id }) => id === parentId)
        if (isThere && parentId !== undefined) expect(gone.has(parentId), `seed ${seed}`).toBe(false)
      }
    }
    expect(mergedChains).toBeGreaterThan(500)
  })

  test('what is left after a deletion is left by the next one, too', () => {
    for (const seed of SEEDS) {
      const { policy, rule, now, fates } = randomCase(seed)
      const left = fates.filter((fate) => verdictAt(fate, now) !== 'will-go').map(({ backup }) => backup)
      const again = backupFates(left, policy, rule)
      expect(
        again.filter((fate) => verdictAt(fate, now) === 'will-go'),
        `seed ${seed}`,
      ).toEqual([])
    }
  })

  test('a fate told in advance is what is found at that second', () => {
    for (const seed of SEEDS.slice(0, 1000)) {
      const { backups, policy, rule, fates } = randomCase(seed)
      for (const { backup, goesAt } of fates) {
        if (goesAt === Number.POSITIVE_INFINITY || goesAt === 0) continue
        expect(slowly(backups, policy, rule, goesAt - 1).deleted.has(backup.id), `seed ${seed}`).toBe(false)
        expect(slowly(backups, policy, rule, goesAt).deleted.has(backup.id), `seed ${seed}`).toBe(true)
      }
    }
  })
})
