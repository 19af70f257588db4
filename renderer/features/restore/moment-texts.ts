import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { WalTime } from '../../../engine/api/contract/recovery.ts'
import type { AccidentRecord } from '../../../engine/api/contract/wal-index.ts'
import type { Range } from '../../../engine/base/figures.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import { formatBytes, formatDuration, formatTime, timeUnits, zoneOf } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import type { TextKey } from '../../lib/locales/en.ts'
import { isoOfMs } from '../../lib/micro-time.ts'
import type { TimelineTexts } from '../../pictures/recovery-timeline.tsx'
import type { ReachableMoment } from './moment-choice.ts'

/** A time with its zone, marked where it is only about right. */
export function sayTime(time: WalTime | undefined, zone: string): string {
  if (time === undefined) return '—'
  // Of what is estimated the fraction of a second says nothing.
  return time.isExact
    ? formatTime(time.at, zone)
    : `≈ ${formatTime(time.at.replace(/\.\d+/, '') as IsoTime, zone)}`
}

/** `FULL TOPQ1 → 5 DELTA`: the FULL by its name, what follows by modes. */
export function chainWords(chain: readonly string[], backups: readonly BackupRecord[]): string {
  const modes = new Map<string, string>(backups.map(({ id, mode }) => [id, mode]))
  const words: string[] = []
  let run: { readonly mode: string; readonly ids: readonly string[] } | undefined
  const end = (): void => {
    if (run !== undefined)
      words.push(run.ids.length === 1 ? `${run.mode} ${run.ids[0]}` : `${run.ids.length} ${run.mode}`)
  }
  for (const id of chain) {
    const mode = modes.get(id) ?? ''
    if (run?.mode === mode && mode !== 'FULL') run = { mode, ids: [...run.ids, id] }
    else {
      end()
      run = { mode, ids: [id] }
    }
  }
  end()
  return words.join(' → ')
}

/** `…7A–…7C`: what is fetched from the archive, by the parts of names that differ. */
export function segmentWords(segments: ReachableMoment['segments']): string {
  const short = (name: string): string => `…${name.slice(-4)}`
  return segments
    .map(({ first, last }) => (first === last ? short(first) : `${short(first)}–${short(last)}`))
    .join(', ')
}

/** Seconds from the least to the greatest in minutes, as one would say it. */
export function rangeWords({ low, high }: Range): string {
  if (high < 60) return formatDuration(high)
  const minutes = (seconds: number): number => Math.max(1, Math.round(seconds / 60))
  const { minute } = timeUnits()
  return minutes(low) === minutes(high)
    ? `${minutes(low)} ${minute}`
    : `${minutes(low)}–${minutes(high)} ${minute}`
}

/** `xid 48213 dropped 3 relations`. */
export function accidentWords(say: Say, { kind, xid, count }: AccidentRecord): string {
  if (kind === 'commit' && count === 0) return say('accident.commit-only', { xid })
  return say(`accident.${kind}`, { xid, count })
}

/** `Loses 1 h 18 m of later commits: 4,217 commits (35 MB of WAL).`; without their number where WAL was not read. */
export function lossWords(say: Say, { bytes, seconds = 0, commits }: ReachableMoment['lost']): string {
  if (bytes === 0) return say('moment.loses-nothing')
  const values = { bytes: formatBytes(bytes), span: formatDuration(seconds) }
  if (commits === 0) return say('moment.loses-no-commit', values)
  if (commits === undefined) return say(seconds < 1 ? 'moment.loses-bytes' : 'moment.loses', values)
  return say(seconds < 1 ? 'moment.loses-few' : 'moment.loses-commits', { ...values, count: commits })
}

const DAY_MS = 86_400_000

/** What the picture says, in the language and the zone that are set. */
export function timelineTexts(
  say: Say,
  zone: string,
  language: string,
  accidents: ReadonlyMap<string, AccidentRecord>,
  now: { readonly summary: string; readonly valueText: string },
): TimelineTexts {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(language, { timeZone: zoneOf(zone), hourCycle: 'h23', ...options })
  const day = format({ day: 'numeric', month: 'short' })
  const minute = format({ hour: '2-digit', minute: '2-digit' })
  const second = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const fine = format({ hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })
  return {
    title: say('moment.picture'),
    summary: now.summary,
    legend: say('moment.legend'),
    keys: say('moment.keys'),
    handle: say('moment.handle'),
    valueText: now.valueText,
    activity: (bucketMs) => say('moment.activity', { span: spanWords(bucketMs) }),
    accident: ({ key, ms }) => {
      const accident = accidents.get(key)
      return accident === undefined ? '' : `${fine.format(ms)} ${accidentWords(say, accident)}`
    },
    tick: (ms, stepMs) => [
      day.format(ms),
      stepMs >= DAY_MS ? '' : (stepMs >= 60_000 ? minute : stepMs >= 1000 ? second : fine).format(ms),
    ],
    lane: ({ timeline, isCurrent, hasHistory, zones }) => ({
      title: `TLI ${timeline}`,
      line: hasHistory
        ? say(isCurrent ? 'moment.current' : zones.length === 0 ? 'moment.no-zone' : 'moment.archived')
        : say('moment.no-history'),
    }),
    gap: ({ count, firstSegment, lastSegment, cause }) =>
      say(`moment.gap-${cause}` as TextKey, {
        count,
        names: segmentWords([{ first: firstSegment, last: lastSegment, count }]),
      }),
    bare: say('moment.bare'),
    left: ({ timeline }) => say('moment.left', { timeline }),
    tail: (lagMs) => say('moment.tail', { lag: formatDuration(lagMs / 1000) }),
    switched: ({ switchLsn }) => say('moment.switch', { lsn: switchLsn ?? '' }),
    backup: ({ id, mode, ms }) => `${mode} ${id} · ${formatTime(isoOfMs(ms), zone)}`,
  }
}

/** A length of time in one unit, rounded: names the bars of the activity. */
function spanWords(ms: number): string {
  const { hour, minute, second } = timeUnits()
  if (ms >= 3_600_000) return `${Math.round(ms / 360_000) / 10} ${hour}`
  if (ms >= 60_000) return `${Math.round(ms / 60_000)} ${minute}`
  if (ms >= 1000) return `${Math.round(ms / 1000)} ${second}`
  return `${Math.max(1, Math.round(ms))} ms`
}

/** What the path below the lanes says. */
export function pathWords(
  say: Say,
  verdict: ReachableMoment,
  backups: readonly BackupRecord[],
): { readonly chainText: string; readonly replayText: string } {
  return {
    chainText: `${chainWords(verdict.chain, backups).replaceAll(' → ', ' + ')}, ${formatBytes(verdict.backupBytes)}`,
    replayText: say('moment.replay', { bytes: formatBytes(verdict.replayBytes) }),
  }
}
