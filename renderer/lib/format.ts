import i18next from 'i18next'
import type { IsoTime } from '../../engine/base/iso-time.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes in binary units with three digits that count. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '—'
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

/** A number of things with separators: `21,913`. */
export function formatCount(count: number, language = 'en'): string {
  return Math.abs(count) < 1000 ? String(count) : new Intl.NumberFormat(language).format(count)
}

const SHORT = { day: 'd', hour: 'h', minute: 'min', second: 's' } as const
const CHINESE = { day: '天', hour: '小时', minute: '分钟', second: '秒' } as const

/** Units of time as the window writes them: with their signs, in Chinese with their words. */
export function timeUnits(language = i18next.language): Readonly<Record<keyof typeof SHORT, string>> {
  return language === 'zh-CN' ? CHINESE : SHORT
}

/** A duration in its two largest units; `3 h` without minutes where there are none and `isRound` asks for it. */
export function formatDuration(seconds: number, isRound = false): string {
  const unit = timeUnits()
  const both = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
    isRound && small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
  const whole = Math.max(0, Math.round(seconds))
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor((whole % 86_400) / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  if (days > 0) return both(days, unit.day, hours, unit.hour)
  if (hours > 0) return both(hours, unit.hour, minutes, unit.minute)
  if (minutes > 0) return both(minutes, unit.minute, whole % 60, unit.second)
  return `${whole} ${unit.second}`
}

const ZONE_MS = 10_000
let computerZone = { name: '', askedMs: Number.NEGATIVE_INFINITY }

/** The zone that a setting stands for. */
export function zoneOf(setting: string): string {
  if (setting === 'utc') return 'UTC'
  if (setting !== 'computer') return setting
  // Asking takes longer than all the rest of a formatted time; a computer that travels is asked again soon enough.
  if (performance.now() - computerZone.askedMs > ZONE_MS)
    computerZone = {
      name: Intl.DateTimeFormat().resolvedOptions().timeZone,
      askedMs: performance.now(),
    }
  return computerZone.name
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Making a formatter costs more than a thousand uses of it; a table makes many of the latter. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  })
  formatters.set(timeZone, made)
  return made
}

/** `2026-11-20 09:12:41 +08:00`: the offset is always there, and so are microseconds where they are known. */
export function formatTime(time: IsoTime | undefined, zone: string): string {
  if (time === undefined) return '—'
  const date = new Date(time)
  const parts = Object.fromEntries(
    formatterOf(zoneOf(zone))
      .formatToParts(date)
      .map(({ type, value }) => [type, value]),
  )
  const fraction = /\.(\d+)Z?$/.exec(time)?.[1] ?? ''
  const offset = (parts['timeZoneName'] ?? 'GMT').replace('GMT', '') || '+00:00'
  return `${parts['year']}-${parts['month']}-${parts['day']} ${parts['hour']}:${parts['minute']}:${parts['second']}${fraction === '' ? '' : `.${fraction}`} ${offset}`
}

/** How long ago, in words of the language: an addition to a time, never instead of one. */
export function formatAge(time: IsoTime | undefined, nowMs: number, language: string): string {
  if (time === undefined) return '—'
  const distance = (Date.parse(time) - nowMs) / 1000
  // `nowMs` is up to half a minute old: what has just happened must not lie in the future.
  const seconds = distance > 0 && distance < 60 ? 0 : distance
  const relative = new Intl.RelativeTimeFormat(language, { style: 'short', numeric: 'auto' })
  const absolute = Math.abs(seconds)
  if (absolute < 60) return relative.format(Math.round(seconds), 'second')
  if (absolute < 3600) return relative.format(Math.round(seconds / 60), 'minute')
  if (absolute < 48 * 3600) return relative.format(Math.round(seconds / 3600), 'hour')
  return relative.format(Math.round(seconds / 86_400), 'day')
}

/** A remaining time from a range of seconds; undefined when nothing honest can be said. */
export function formatEta(
  range: readonly [number, number] | undefined,
): { readonly code: 'eta-soon' | 'eta-range'; readonly text: string } | undefined {
  if (range === undefined) return undefined
  const [low, high] = range
  if (high < 60) return { code: 'eta-soon', text: '' }
  const minutes = (seconds: number): number => Math.max(1, Math.round(seconds / 60))
  const { minute } = timeUnits()
  const text =
    minutes(low) === minutes(high)
      ? `${minutes(low)} ${minute}`
      : `${minutes(low)}–${minutes(high)} ${minute}`
  return { code: 'eta-range', text }
}

/** What is known of several facts, in one line. */
export function dotted(words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== '').join(' · ')
}
