import type {
  LsnRange,
  RecoveryGapRecord,
  RecoveryLaneRecord,
  RecoveryWindowRecord,
  WalTime,
} from '../api/contract/recovery.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { parseLsn } from '../base/lsn.ts'
import type { JsonValue } from './json-text.ts'
import { formatLocalTime } from './moments.ts'
import { formatTable, prettySize } from './pretty.ts'

const TITLES = ['TLI', 'Kind', 'From', 'To', 'From time', 'To time', 'WAL', 'Base', 'Remark']
const UNKNOWN = '----'

type Row = { readonly timeline: number; readonly from: string; readonly cells: readonly string[] }

/** Zones, points and gaps, by timeline and LSN. A time that is not exact has a `~` before it. */
export function formatWindowTable({ lanes, gaps }: RecoveryWindowRecord, isColored: boolean): string {
  const rows = [...lanes.flatMap(rowsOfLane), ...gaps.map(rowOfGap)].toSorted(
    (a, b) => a.timeline - b.timeline || (parseLsn(a.from) < parseLsn(b.from) ? -1 : 1),
  )
  return formatTable(
    TITLES,
    rows.map(({ cells }) => cells),
    ['WAL'],
    isColored ? paint : undefined,
  )
}

function rowsOfLane({ timeline, zones, points }: RecoveryLaneRecord): readonly Row[] {
  return [
    ...zones.map((zone): Row => {
      const more = zone.baseCount > 1 ? ` and ${zone.baseCount - 1} more` : ''
      return row(timeline, 'zone', zone, `${zone.baseId}${more}`, `until ${ENDS[zone.endsBy]}`)
    }),
    ...points.map(({ backupId, lsn, time }): Row => ({
      timeline,
      from: lsn,
      cells: [String(timeline), 'point', lsn, lsn, timeText(time), timeText(time), '0', backupId, ''],
    })),
  ]
}

const ENDS = {
  gap: 'a gap',
  'timeline-left': 'the timeline was left',
  'archive-end': 'the end of the archive',
} as const

function rowOfGap(gap: RecoveryGapRecord): Row {
  const { timeline, segmentCount, firstSegment, lastSegment, cause, impacts } = gap
  const names = segmentCount === 1 ? firstSegment : `${firstSegment} to ${lastSegment}`
  const own = impacts.find((impact) => impact.timeline === timeline) ?? impacts[0]
  const healed =
    own === undefined
      ? 'no backup needs it'
      : own.healedBy === undefined
        ? 'nothing can be reached after it'
        : `healed by ${own.healedBy}`
  return row(timeline, 'gap', gap, '', `${segmentCount} ${CAUSES[cause]}: ${names}; ${healed}`)
}

const CAUSES = {
  missing: 'missing',
  'before-archive': 'before the archive begins',
  damaged: 'damaged',
  foreign: 'of another cluster',
  truncated: 'truncated',
} as const

function row(timeline: number, kind: string, range: LsnRange, base: string, remark: string): Row {
  const { from, to, fromTime, toTime, bytes } = range
  const size = prettySize(bytes)
  return {
    timeline,
    from,
    cells: [String(timeline), kind, from, to, timeText(fromTime), timeText(toTime), size, base, remark],
  }
}

function timeText(time: WalTime | undefined): string {
  if (time === undefined) return UNKNOWN
  return `${time.isExact ? '' : '~'}${formatLocalTime(time.at)}`
}

function paint(title: string, text: string): string {
  const color = title === 'Kind' ? COLORS[text] : undefined
  return color === undefined ? text : `\x1b[${color}m${text}\x1b[0m`
}

const COLORS: Readonly<Record<string, number>> = { zone: 32, point: 36, gap: 31 }

/** The same as JSON; times in UTC with microseconds. */
export function windowToJson(
  instance: string,
  { lanes, gaps, strandedIds }: RecoveryWindowRecord,
): JsonValue {
  return {
    instance,
    timelines: lanes.map((lane) => ({
      tli: lane.timeline,
      'parent-tli': lane.parent ?? 0,
      switchpoint: lane.switchLsn ?? '0/0',
      'has-history': lane.hasHistory,
      zones: lane.zones.map((zone) => ({
        ...rangeToJson(zone),
        'base-id': zone.baseId,
        'n-bases': zone.baseCount,
        'ends-by': zone.endsBy,
      })),
      points: lane.points.map(({ backupId, lsn, time }) => ({
        'backup-id': backupId,
        lsn,
        time: time?.at,
        exact: time?.isExact,
      })),
    })),
    gaps: gaps.map((gap) => ({
      tli: gap.timeline,
      ...rangeToJson(gap),
      'begin-segno': gap.firstSegment,
      'end-segno': gap.lastSegment,
      'n-segments': gap.segmentCount,
      cause: gap.cause,
      impacts: gap.impacts.map((impact) => ({
        tli: impact.timeline,
        ...rangeToJson(impact),
        'healed-by': impact.healedBy ?? '',
      })),
    })),
    'unusable-backups': strandedIds,
  }
}

function rangeToJson({ from, to, fromTime, toTime, bytes }: LsnRange) {
  const at = (time: WalTime | undefined): IsoTime | undefined => time?.at
  return {
    from,
    to,
    'from-time': at(fromTime),
    'from-time-exact': fromTime?.isExact,
    'to-time': at(toTime),
    'to-time-exact': toTime?.isExact,
    'wal-bytes': bytes,
  }
}
