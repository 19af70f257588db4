import type { DrillRecord } from '../../engine/api/contract/drills.ts'
import { formatDuration, zoneOf } from './format.ts'
import { type Say, useTexts } from './i18n.ts'
import { useStore } from './stores.ts'

export const DRILL_MARKS = { passed: '✓', failed: '✕', skipped: '–' } as const

/** Whether a restore was tried, in a few words. */
export function DrillBadge({ drill }: { readonly drill: DrillRecord }) {
  const { say } = useTexts()
  return (
    <strong className={drill.isPassed ? 'drill-badge passed' : 'drill-badge failed'}>
      <span aria-hidden="true">{drill.isPassed ? DRILL_MARKS.passed : DRILL_MARKS.failed} </span>
      {badgeText(say, drill)}
    </strong>
  )
}

/** The badge where there is little room: its sign and its day are seen, all of it is read out. */
export function DrillSignOfDay({ drill }: { readonly drill: DrillRecord }) {
  const { say, language } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  return (
    <strong
      className={drill.isPassed ? 'drill-badge passed' : 'drill-badge failed'}
      title={drillLine(say, drill, zone, language)}
    >
      <span aria-hidden="true">{drill.isPassed ? DRILL_MARKS.passed : DRILL_MARKS.failed} </span>
      {dayOf(drill, zone, language)}
      <span className="visually-hidden"> {badgeText(say, drill)}</span>
    </strong>
  )
}

/** The badge with its day and what it took; leads to the tests. */
export function DrillLink({ drill, onOpen }: { readonly drill: DrillRecord; readonly onOpen: () => void }) {
  const { say, language } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  return (
    <button
      type="button"
      className={drill.isPassed ? 'link drill-badge passed' : 'link drill-badge failed'}
      onClick={onOpen}
    >
      <span aria-hidden="true">{drill.isPassed ? DRILL_MARKS.passed : DRILL_MARKS.failed} </span>
      {drillLine(say, drill, zone, language)}
    </button>
  )
}

/** `restored and queried 17 Nov, 41 min`: the result, its day, and how long it took. */
export function drillLine(say: Say, drill: DrillRecord, zone: string, language: string): string {
  const seconds = drill.durationMs / 1000
  return say('drill.line', {
    result: badgeText(say, drill),
    day: dayOf(drill, zone, language),
    // Of a long one nobody wants the seconds.
    time: seconds < 600 ? formatDuration(seconds) : formatDuration(Math.round(seconds / 60) * 60, true),
  })
}

function dayOf({ startedAt }: DrillRecord, zone: string, language: string): string {
  const format: Intl.DateTimeFormatOptions = { timeZone: zoneOf(zone), day: 'numeric', month: 'short' }
  return new Intl.DateTimeFormat(language, format).format(new Date(startedAt))
}

function badgeText(say: Say, { isPassed, checks }: DrillRecord): string {
  return isPassed
    ? say('drill.badge-passed')
    : say('drill.badge-failed', { count: checks.filter(({ state }) => state === 'failed').length })
}
