import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { TimeRange } from '../../pictures/time-range.ts'
import { readMoment } from './moments.ts'

/** The words of a filter that is typed. */
export function filterWords(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

/**
 * Whether a backup fits all words: a plain one is looked for in ID and note; `status:corrupt,orphan`, `mode:full`,
 * `tli:2`, `is:pinned`, `note~text`, `before:2026-11-01` and `after:2026-11-01T05:00` (in the zone of the settings) narrow
 * further. A condition that is not understood fits nothing, so that a mistyped one is seen.
 */
export function fitsFilter(backup: BackupRecord, words: readonly string[], zone: string): boolean {
  return words.every((word) => fitsWord(backup, word, zone))
}

/** Whether a backup was begun in a range of time. */
export function isInRange(backup: BackupRecord, [fromMs, toMs]: TimeRange): boolean {
  const atMs = Date.parse(backup.startTime)
  return atMs >= fromMs && atMs <= toMs
}

function fitsWord(backup: BackupRecord, word: string, zone: string): boolean {
  const [, name, sign, value = ''] = CONDITION.exec(word) ?? []
  if (name === undefined) {
    return backup.id.toLowerCase().includes(word) || (backup.note ?? '').toLowerCase().includes(word)
  }
  const values = value.split(',')
  switch (`${name}${sign}`) {
    case 'status:':
      return values.includes(backup.status.toLowerCase())
    case 'mode:':
      return values.includes(backup.mode.toLowerCase())
    case 'tli:':
      return values.includes(String(backup.timeline))
    case 'is:':
      return values.every((what) => what === 'pinned' && isPinned(backup))
    case 'note~':
      return (backup.note ?? '').toLowerCase().includes(value)
    case 'before:':
      return Date.parse(backup.startTime) < (readMoment(value, zone) ?? -Infinity)
    case 'after:':
      return Date.parse(backup.startTime) >= (readMoment(value, zone) ?? Infinity)
    default:
      return false
  }
}

const CONDITION = /^([a-z]+)([:~])(.+)$/

/** Whether a backup is kept until a date that is still to come. */
export function isPinned({ expireTime }: BackupRecord): boolean {
  return expireTime !== undefined && Date.parse(expireTime) > Date.now()
}

/** Words of a filter with a value of a condition put in or taken out: values of one condition are alternatives. */
export function toggleWord(words: readonly string[], name: string, value: string): readonly string[] {
  const prefix = `${name}:`
  const before = words.find((word) => word.startsWith(prefix))
  const values = before?.slice(prefix.length).split(',') ?? []
  const next = values.includes(value) ? values.filter((one) => one !== value) : [...values, value]
  const others = words.filter((word) => word !== before)
  return next.length === 0 ? others : [...others, `${prefix}${next.join(',')}`]
}

/** Times that were typed become the range of the picture; the other words stay. An open end is infinite. */
export function takeRange(
  words: readonly string[],
  zone: string,
  range: TimeRange | undefined,
): { readonly words: readonly string[]; readonly range: TimeRange | undefined } {
  let [fromMs, toMs] = range ?? [-Infinity, Infinity]
  const rest = words.filter((word) => {
    const [, name, , value = ''] = CONDITION.exec(word) ?? []
    const ms = name === 'before' || name === 'after' ? readMoment(value, zone) : undefined
    if (ms === undefined) return true
    ;[fromMs, toMs] = withEdge([fromMs, toMs], name === 'before' ? 'to' : 'from', ms)
    return false
  })
  return { words: rest, range: rest.length === words.length ? range : [fromMs, toMs] }
}

/** A range with one end that was typed. It counts: an end that it passes is open from then on. */
export function withEdge([fromMs, toMs]: TimeRange, edge: 'from' | 'to', ms: number): TimeRange {
  return edge === 'from' ? [ms, ms < toMs ? toMs : Infinity] : [fromMs < ms ? fromMs : -Infinity, ms]
}

/** A condition that would find something: how many, and how it is written. */
export type Suggestion = { readonly name: string; readonly value: string; readonly count: number }

const MOST_SUGGESTIONS = 12

/** What is worth filtering by among these backups: every status but OK, the modes, pins, and timelines where there are several. */
export function suggestionsFor(backups: readonly BackupRecord[]): readonly Suggestion[] {
  const counted = (name: string, valueOf: (backup: BackupRecord) => string): readonly Suggestion[] =>
    [...Map.groupBy(backups, valueOf)].map(([value, { length }]) => ({
      name,
      value: value.toLowerCase(),
      count: length,
    }))
  const statuses = counted('status', ({ status }) => status).filter(({ value }) => value !== 'ok')
  const modes = counted('mode', ({ mode }) => mode).filter(({ value }) => value !== '')
  const timelines = counted('tli', ({ timeline }) => String(timeline)).filter(({ value }) => value !== '0')
  const pinned = backups.filter(isPinned).length
  return [
    ...statuses,
    ...(pinned === 0 ? [] : [{ name: 'is', value: 'pinned', count: pinned }]),
    ...(modes.length > 1 ? modes : []),
    ...(timelines.length > 1 ? timelines : []),
  ].slice(0, MOST_SUGGESTIONS)
}
