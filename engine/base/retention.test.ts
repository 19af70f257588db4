import { describe, expect, test } from 'vitest'
import type { BackupId } from './backup-id.ts'
import {
  backupFates,
  isExpired,
  type RetainedBackup,
  type RetentionPolicy,
  type RetentionRule,
  verdictAt,
  windowStart,
} from './retention.ts'
import { leastCpuMs } from '../testing/cpu-time.ts'
import { expiredChains } from './retention-merges.ts'
import { reasonAt } from './retention-reasons.ts'

const DAY = 86_400
const PROBACKUP: RetentionRule = { kind: 'probackup' }
/** Noon of a day. */
const NOW = Date.parse('2026-11-20T12:00:00Z') / 1000

type Made = Partial<RetainedBackup> & { readonly age: number }

/** Backups newest first; `age` in days is that of the recovery time. */
function made(backups: Readonly<Record<string, Made & { readonly on?: string }>>): readonly RetainedBackup[] {
  return Object.entries(backups).map(([name, { age, on, ...given }]) => ({
    id: name as BackupId,
    mode: on === undefined ? 'FULL' : 'PAGE',
    status: 'OK',
    parentId: on as BackupId | undefined,
    startSeconds: NOW - age * DAY - 20,
    recoverySeconds: NOW - age * DAY,
    expireSeconds: undefined,
    ...given,
  }))
}

function verdicts(
  backups: readonly RetainedBackup[],
  policy: Partial<RetentionPolicy>,
  { rule = PROBACKUP, now = NOW }: { readonly rule?: RetentionRule; readonly now?: number } = {},
): Record<string, string> {
  const fates = backupFates(backups, { redundancy: 0, windowDays: 0, ...policy }, rule)
  return Object.fromEntries(fates.map((fate) => [fate.backup.id, verdictAt(fate, now)]))
}

describe('a policy', () => {
  test('of redundancy keeps so many usable FULLs, those between them, and all that hangs on them', () => {
    const backups = made({
      FULL5: { age: 1 },
      PAGE5A: { age: 2, on: 'FULL5' },
      FULL4: { age: 3, status: 'ERROR' },
      FULL3: { age: 4 },
      PAGE2A: { age: 5, on: 'FULL2' },
      FULL2: { age: 6 },
    })
    expect(verdicts(backups, { redundancy: 2 })).toEqual({
      FULL5: 'kept',
      PAGE5A: 'kept',
      FULL4: 'kept',
      FULL3: 'kept',
      PAGE2A: 'will-go',
      FULL2: 'will-go',
    })
    const gs = { kind: 'gs', offsetSeconds: 0 } as const
    expect(verdicts(backups, { redundancy: 2 }, { rule: gs })).toMatchObject({
      FULL4: 'will-go',
      FULL3: 'kept',
    })
  })

  const chain = made({
    PAGE3: { age: 1, on: 'PAGE2' },
    PAGE2: { age: 5, on: 'PAGE1' },
    PAGE1: { age: 9, on: 'FULL' },
    FULL: { age: 10 },
  })

  test('of a window holds what a backup inside of it needs', () => {
    const expected = { PAGE3: 'kept', PAGE2: 'kept', PAGE1: 'held', FULL: 'held' }
    expect(verdicts(chain, { windowDays: 7 })).toEqual(expected)
    const fates = backupFates(chain, { redundancy: 0, windowDays: 7 }, PROBACKUP)
    expect(expiredChains(fates, NOW)).toEqual({
      chains: [{ ids: ['FULL', 'PAGE1', 'PAGE2'], fullId: 'FULL', destinationId: 'PAGE2' }],
      unmerged: [],
    })
  })

  test('of both lets go only of what neither keeps', () => {
    const backups = made({ B: { age: 8 }, A: { age: 10 } })
    expect(verdicts(backups, { redundancy: 1, windowDays: 7 })).toEqual({ B: 'kept', A: 'will-go' })
    expect(verdicts(backups, { windowDays: 7 })).toEqual({ B: 'will-go', A: 'will-go' })
  })

  test('without a rule keeps everything', () => {
    expect(new Set(Object.values(verdicts(chain, {}, { now: NOW + 1e9 })))).toEqual(new Set(['kept']))
  })

  test('spares what is pinned until the pin ends, and what that needs', () => {
    const pinned = chain.map((one) => (one.id === 'PAGE1' ? { ...one, expireSeconds: NOW + 30 * DAY } : one))
    const after = { windowDays: 7, redundancy: 0 }
    const late = { now: NOW + 10 * DAY }
    expect(verdicts(pinned, after, late)).toEqual({
      PAGE3: 'will-go',
      PAGE2: 'will-go',
      PAGE1: 'pinned',
      FULL: 'held',
    })
    expect(verdicts(pinned, after, { now: NOW + 30 * DAY })).toMatchObject({
      PAGE1: 'will-go',
      FULL: 'will-go',
    })
  })

  test('keeps what cannot be read, and all of which it may be an increment', () => {
    const backups = made({
      NEW: { age: 1 },
      LATE: { age: 20, on: 'LATER' },
      LATER: { age: 21 },
      DARK: { age: 22, mode: '', status: 'UNKNOWN', recoverySeconds: undefined, isUnread: true },
      PAGE: { age: 23, on: 'FULL' },
      FULL: { age: 24 },
      OLD: { age: 30, status: 'CORRUPT' },
    })
    const policy = { redundancy: 1, windowDays: 7 }
    expect(verdicts(backups, policy)).toEqual({
      NEW: 'kept',
      LATE: 'will-go',
      LATER: 'will-go',
      DARK: 'kept',
      PAGE: 'held',
      FULL: 'held',
      OLD: 'held',
    })
    const fates = backupFates(backups, policy, PROBACKUP)
    expect(fates.slice(3, 5).map((fate) => reasonAt(fate, policy, NOW))).toEqual([
      { code: 'unread', values: {} },
      { code: 'needed-by-unread', values: { id: 'DARK' } },
    ])
    const read = backups.map((one) => ({ ...one, isUnread: false }))
    expect(verdicts(read, policy)).toMatchObject({ DARK: 'will-go', PAGE: 'will-go', FULL: 'will-go' })
  })

  test('merges nothing of which what cannot be read may be an increment', () => {
    const dark = { DARK: { age: 8, mode: '', status: 'UNKNOWN', isUnread: true } }
    const short = { PAGE1: { age: 9, on: 'FULL' }, FULL: { age: 10 } }
    const chainsOf = (backups: Parameters<typeof made>[0]) =>
      expiredChains(backupFates(made(backups), { redundancy: 0, windowDays: 7 }, PROBACKUP), NOW).chains
    expect(chainsOf({ PAGE2: { age: 5, on: 'PAGE1' }, ...dark, ...short })).toEqual([])
    const older = { DARK: { ...dark.DARK, age: 11 } }
    expect(chainsOf({ PAGE2: { age: 5, on: 'PAGE1' }, ...short, ...older })).toHaveLength(1)
  })

  test('takes the start of a backup that never became consistent for its time', () => {
    const backups = made({ A: { age: 3, recoverySeconds: undefined, status: 'ERROR' } })
    expect(verdicts(backups, { windowDays: 3 })).toEqual({ A: 'will-go' })
    expect(verdicts(backups, { windowDays: 4 })).toEqual({ A: 'kept' })
  })

  test('lets a window end at the very second', () => {
    const backups = made({ A: { age: 7 } })
    expect(verdicts(backups, { windowDays: 7 })).toEqual({ A: 'kept' })
    expect(verdicts(backups, { windowDays: 7 }, { now: NOW + 1 })).toEqual({ A: 'will-go' })
  })

  test('of the other dialect counts days from midnight', () => {
    const gs = { kind: 'gs', offsetSeconds: 0 } as const
    const backups = made({ TODAY: { age: 0.5 }, YESTERDAY: { age: 0.5 + 1 / DAY } })
    expect(verdicts(backups, { windowDays: 1 }, { rule: gs })).toEqual({
      TODAY: 'kept',
      YESTERDAY: 'will-go',
    })
    const midnight = Date.parse('2026-11-20T00:00:00Z') / 1000
    expect(windowStart({ redundancy: 0, windowDays: 3 }, gs, NOW)).toBe(midnight - 2 * DAY)
    const east = { kind: 'gs', offsetSeconds: 8 * 3600 } as const
    expect(windowStart({ redundancy: 0, windowDays: 1 }, east, NOW)).toBe(midnight - 8 * 3600)
  })

  test('does not merge where two branches are kept', () => {
    const branched = made({
      B: { age: 1, on: 'FULL' },
      A: { age: 2, on: 'FULL' },
      FULL: { age: 10 },
    })
    const fates = backupFates(branched, { redundancy: 0, windowDays: 7 }, PROBACKUP)
    expect(expiredChains(fates, NOW)).toEqual({
      chains: [],
      unmerged: [{ fullId: 'FULL', keptIds: ['B', 'A'] }],
    })
  })

  test('merges up to the pin that lies in the middle, and no further', () => {
    const backups = made({
      P3: { age: 1, on: 'P2' },
      P2: { age: 8, on: 'P1' },
      P1: { age: 9, on: 'FULL', expireSeconds: NOW + DAY },
      FULL: { age: 10 },
    })
    const fates = backupFates(backups, { redundancy: 0, windowDays: 7 }, PROBACKUP)
    expect(expiredChains(fates, NOW).chains).toMatchObject([{ ids: ['FULL', 'P1'] }])
  })

  test('looks at 20,000 backups within 100 ms', async () => {
    const backups = made(
      Object.fromEntries(
        Array.from({ length: 20_000 }, (_, index) => [
          `B${index}`,
          { age: index / 24, ...(index % 8 !== 7 && { on: `B${index + 1}` }) },
        ]),
      ),
    )
    const fates = backupFates(backups, { redundancy: 100, windowDays: 90 }, PROBACKUP)
    const tookMs = await leastCpuMs(100, () => {
      const again = backupFates(backups, { redundancy: 100, windowDays: 90 }, PROBACKUP)
      again.map((fate) => verdictAt(fate, NOW))
      expiredChains(again, NOW)
    })
    expect(fates.filter((fate) => verdictAt(fate, NOW) === 'held')).not.toEqual([])
    expect(tookMs).toBeLessThan(100)
  })
})

describe('backups that are still to come', () => {
  const later = made({
    F3: { age: -6 },
    F2: { age: -2 },
    F1: { age: 1 },
    E: { age: 3, status: 'ERROR' },
    F0: { age: 9 },
  })

  test('take the place of an older FULL only when they are there', () => {
    const policy = { redundancy: 2, windowDays: 0 }
    const fates = backupFates(later, policy, PROBACKUP, NOW)
    const ends = Object.fromEntries(fates.map(({ backup, goesAt }) => [backup.id, goesAt]))
    const [F3, F2] = later
    expect(ends).toEqual({
      F3: Number.POSITIVE_INFINITY,
      F2: Number.POSITIVE_INFINITY,
      F1: F3?.startSeconds,
      E: F2?.startSeconds,
      F0: F2?.startSeconds,
    })
    const [, , F1] = fates
    if (F1 === undefined) throw new Error('there is no F1')
    expect(reasonAt(F1, policy, NOW)).toEqual({
      code: 'redundancy-until',
      values: { of: 2, untilSeconds: F3?.startSeconds },
    })
  })

  test('change no verdict of a moment from what it is when they are there', () => {
    const dice = (count: number): number => Math.floor(Math.random() * count)
    for (let round = 0; round < 500; round++) {
      const backups = made(
        Object.fromEntries(
          Array.from({ length: 12 }, (_, index) => [
            `B${index}`,
            {
              age: index - 6,
              status: ['OK', 'DONE', 'ERROR'][dice(3)] ?? 'OK',
              ...(dice(3) > 0 && index < 11 && { on: `B${index + 1}` }),
            },
          ]),
        ),
      )
      const policy = { redundancy: dice(4), windowDays: dice(6) + 2 }
      for (const rule of [PROBACKUP, { kind: 'gs', offsetSeconds: 0 } as const]) {
        const fates = backupFates(backups, policy, rule, NOW)
        for (const days of [0.5, 2.5, 4.5]) {
          const then = NOW + days * DAY
          const there = backups.filter(({ startSeconds }) => startSeconds <= then)
          const foretold = fates.filter(({ backup }) => backup.startSeconds <= then)
          const known = backupFates(there, policy, rule)
          expect(foretold.map((fate) => isExpired(fate, then))).toEqual(
            known.map((fate) => isExpired(fate, then)),
          )
        }
      }
    }
  })
})

describe('the reasons', () => {
  test('name what keeps a backup, and what lets it go', () => {
    const policy = { redundancy: 1, windowDays: 7 }
    const backups = made({
      F3: { age: 1, status: 'ERROR' },
      F2: { age: 2 },
      P1: { age: 3, on: 'F1' },
      F1: { age: 8 },
      F0: { age: 9, expireSeconds: NOW + 1 },
      E: { age: 10 },
    })
    const fates = backupFates(backups, policy, PROBACKUP)
    expect(fates.map((fate) => [fate.backup.id, reasonAt(fate, policy, NOW)])).toEqual([
      ['F3', { code: 'redundancy', values: { number: 1, of: 1 } }],
      ['F2', { code: 'redundancy', values: { number: 1, of: 1 } }],
      ['P1', { code: 'window', values: { days: 7, untilSeconds: NOW + 4 * DAY + 1 } }],
      ['F1', { code: 'needed-by', values: { id: 'P1' } }],
      ['F0', { code: 'pin', values: { untilSeconds: NOW + 1 } }],
      ['E', { code: 'beyond-both', values: { of: 1, days: 7 } }],
    ])
  })
})
