import { describe, expect, test } from 'vitest'
import type { BackupId } from './backup-id.ts'
import { type BackupRhythm, bytesPerDay, futureBackups, rhythmOf } from './backup-rhythm.ts'
import type { RetainedBackup } from './retention.ts'

const DAY = 86_400
const NOW = 1_795_000_000

/** A backup so many days before now. */
function taken(daysAgo: number, mode: string, status = 'OK'): RetainedBackup {
  const startSeconds = NOW - Math.round(daysAgo * DAY)
  return {
    id: `${mode}${daysAgo}` as BackupId,
    mode,
    status,
    parentId: undefined,
    startSeconds,
    recoverySeconds: startSeconds,
    expireSeconds: undefined,
  }
}

/** A FULL a week and an increment on each other day, the newest FULL two days ago. */
const weekly = Array.from({ length: 30 }, (_, day) => taken(day, day % 7 === 2 ? 'FULL' : 'DELTA'))
const bytesOf = (id: BackupId): number => (id.startsWith('FULL') ? 700 : 10)

function modesOf(rhythm: BackupRhythm) {
  if (rhythm.kind === 'unknown') throw new Error(rhythm.why)
  return rhythm.modes
}

describe('the rhythm', () => {
  test('is the median interval and size of each mode', () => {
    expect(modesOf(rhythmOf(weekly, bytesOf, NOW))).toEqual([
      { mode: 'DELTA', everySeconds: DAY, bytes: 10, lastSeconds: NOW },
      { mode: 'FULL', everySeconds: 7 * DAY, bytes: 700, lastSeconds: NOW - 2 * DAY },
    ])
  })

  test('is not led astray by one that was missed, one that was late, or those that failed', () => {
    const odd = weekly
      .filter((_, day) => day !== 5 && day !== 6)
      .toSpliced(3, 0, taken(2.9, 'DELTA', 'ERROR'), taken(2.95, 'FULL', 'CORRUPT'))
    expect(modesOf(rhythmOf(odd, bytesOf, NOW))).toMatchObject([
      { mode: 'DELTA', everySeconds: DAY },
      { mode: 'FULL', everySeconds: 7 * DAY },
    ])
  })

  test('is not known from two backups, nor where none has come for long', () => {
    expect(rhythmOf([taken(1, 'FULL'), taken(8, 'FULL')], bytesOf, NOW)).toEqual({
      kind: 'unknown',
      why: 'few',
    })
    const old = [31, 32, 33, 34].map((day) => taken(day, 'FULL'))
    expect(rhythmOf(old, bytesOf, NOW)).toEqual({ kind: 'unknown', why: 'stopped' })
    expect(rhythmOf([], bytesOf, NOW)).toEqual({ kind: 'unknown', why: 'few' })
  })

  test('leaves out a mode that is not taken any more', () => {
    const changed = [...weekly, ...[40, 41, 42, 43].map((day) => taken(day, 'PAGE'))]
    expect(modesOf(rhythmOf(changed, bytesOf, NOW)).map(({ mode }) => mode)).toEqual(['DELTA', 'FULL'])
  })

  test('says how much comes in a day', () => {
    expect(bytesPerDay(modesOf(rhythmOf(weekly, bytesOf, NOW)))).toBe(110)
  })
})

describe('backups that are to come', () => {
  const modes = modesOf(rhythmOf(weekly, bytesOf, NOW))

  test('go on as they have, each on the one before, and begin anew with a FULL', () => {
    const coming = futureBackups(modes, weekly, NOW, NOW + 13 * DAY).toReversed()
    expect(coming.map(({ mode, startSeconds }) => [mode, (startSeconds - NOW) / DAY])).toEqual([
      ...[1, 2, 3, 4].map((day) => ['DELTA', day]),
      ['FULL', 5],
      ...[6, 7, 8, 9, 10, 11].map((day) => ['DELTA', day]),
      ['FULL', 12],
      ['DELTA', 13],
    ])
    expect(coming[0]?.parentId).toBe('DELTA0')
    expect(coming[4]?.parentId).toBeUndefined()
    expect(coming[6]?.parentId).toBe(coming[5]?.id)
  })

  test('are never in the past, never two in one second, and never without bound', () => {
    const often = [
      { mode: 'FULL', everySeconds: 1, bytes: 1, lastSeconds: NOW - 2 },
      { mode: 'DELTA', everySeconds: 1, bytes: 1, lastSeconds: NOW - 2 },
    ]
    const coming = futureBackups(often, weekly, NOW, Number.POSITIVE_INFINITY)
    expect(coming).toHaveLength(5000)
    expect(new Set(coming.map(({ id }) => id)).size).toBe(5000)
    expect(Math.min(...coming.map(({ startSeconds }) => startSeconds))).toBeGreaterThan(NOW)
    expect(futureBackups([], weekly, NOW, NOW + DAY)).toEqual([])
  })
})
