import { expect, test } from 'vitest'
import type { Figure } from '../../engine/base/figures.ts'
import { parseBackupId } from '../../engine/base/backup-id.ts'
import type { Say } from './i18n.ts'
import { en } from './locales/en.ts'
import { sayBases, sayBytes, saySeconds } from './estimate-texts.ts'

/** The English texts, with the singular as i18next chooses it. */
const say: Say = (key, values = {}) => {
  const texts: Readonly<Record<string, string>> = en
  const text = (values['count'] === 1 ? texts[`${key}_one`] : undefined) ?? texts[key] ?? ''
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]))
}
const about = (low: number, high: number): Figure => ({ kind: 'about', low, high, bases: [] })
const MIB = 1024 * 1024

test.each([
  [about(5 * MIB, 5 * MIB), 'about 5.00 MiB'],
  [about(100 * MIB, 105 * MIB), 'about 103 MiB'],
  [about(12 * MIB, 36 * MIB), 'about 12.0–36.0 MiB'],
  [about(900 * 1024, 36 * MIB), 'about 900 KiB–36.0 MiB'],
  [about(0, 0), 'about 0 B'],
  [about(0, 36 * MIB), 'at most 36.0 MiB'],
  [{ kind: 'at-most', high: 36 * MIB, bases: [] } as const, 'at most 36.0 MiB'],
  [{ kind: 'unknown' } as const, 'not known yet'],
])('bytes are said with how sure they are: %j', (figure, text) => {
  expect(sayBytes(say, figure)).toBe(text)
})

test.each([
  [about(1, 59), 'under a minute'],
  [about(20, 60), 'about 1 min'],
  [about(170, 250), 'about 3–4 min'],
  [about(3600, 7100), 'about 60–118 min'],
  [about(7200, 11_000), 'about 2–3 h'],
  [about(1200, 11_000), 'about 20 min–3 h'],
  [{ kind: 'unknown' } as const, 'not known yet'],
])('seconds are said in minutes or hours: %j', (figure, text) => {
  expect(saySeconds(say, figure)).toBe(text)
})

test('a figure says what it rests on, one phrase for each thing', () => {
  const id = parseBackupId('TOIQS0')
  const bases = [
    { kind: 'backup', id },
    { kind: 'compression', count: 1 },
    { kind: 'changes', mode: undefined, count: 2 },
    { kind: 'durations', mode: 'FULL', count: 3 },
  ] as const
  expect(sayBases(say, { kind: 'about', low: 1, high: 1, bases })).toEqual([
    'the size of the cluster at backup TOIQS0',
    'compressed as the last FULL backup was',
    'what the last 2 increments stored, for the time since the parent of the new one',
    'as long as the last 3 FULL backups with this compression took',
  ])
})

test('an upper bound says that there is nothing to compare with', () => {
  expect(sayBases(say, { kind: 'at-most', high: 1, bases: [{ kind: 'listed' }] })).toEqual([
    'the files of the cluster as they are now',
    'no backup to compare with yet',
  ])
  expect(sayBases(say, { kind: 'unknown' })).toEqual(['no backup to compare with yet'])
})
