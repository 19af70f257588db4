import { isoFromSeconds } from '../../../engine/base/iso-time.ts'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { formatBytes, formatTime, zoneOf } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import type { ChainBackup, Mark } from '../../pictures/chain-layout.ts'
import type { RibbonTexts } from '../../pictures/chain-ribbons.tsx'
import { isPinned } from './backup-filter.ts'

/** A backup as the picture draws it. */
export function toChainBackup(backup: BackupRecord): ChainBackup {
  return {
    id: backup.id,
    parentId: backup.parentId,
    fullId: backup.fullId,
    isFull: backup.mode === 'FULL',
    mode: backup.mode,
    status: backup.status,
    isStale: backup.isStale && backup.status === 'RUNNING',
    isPinned: isPinned(backup),
    atMs: Date.parse(backup.startTime),
    bytes: backup.dataBytes ?? 0,
    restoreBytes: backup.restoreBytes,
  }
}

/** What the ribbons say, in the language and the time zone that are set. */
export function ribbonTexts(
  say: Say,
  zone: string,
  language: string,
  records: readonly BackupRecord[],
  percentOf: (id: string) => number | undefined,
): RibbonTexts {
  const chains = new Set(records.flatMap(({ fullId }) => fullId ?? [])).size
  const problems = records.filter(
    ({ status }) => status === 'CORRUPT' || status === 'ORPHAN' || status === 'ERROR',
  ).length
  const pinned = new Map(records.filter(isPinned).map((record) => [String(record.id), record]))
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(language, { timeZone: zoneOf(zone), ...options })
  const day = format({ day: 'numeric', month: 'short' })
  const hour = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const moment = format({
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const date = format({ day: 'numeric', month: 'short', year: 'numeric' })
  const timeOf = (ms: number): string => formatTime(isoFromSeconds(Math.round(ms / 1000)), zone)
  const markText = ({ ids, worst, bytes, fromMs, toMs }: Mark): string =>
    ids.length > 1
      ? say('chains.bin', {
          count: ids.length,
          range: moment.formatRange(fromMs, toMs),
          bytes: formatBytes(bytes),
        })
      : say('chains.mark', {
          mode: worst.mode,
          id: worst.id,
          time: timeOf(worst.atMs),
          status: worst.isStale ? say('status.STALE') : worst.status,
          bytes: formatBytes(worst.bytes),
        })
  return {
    title: say('chains.title'),
    summary: say(problems === 0 ? 'chains.summary' : 'chains.summary-problems', {
      backups: records.length,
      chains,
      problems,
    }),
    now: say('chains.now'),
    legend: say('chains.legend'),
    minimap: say('chains.minimap'),
    from: say('chains.from'),
    to: say('chains.to'),
    moment: timeOf,
    range: ([fromMs, toMs]) => (toMs - fromMs < 2 * DAY_MS ? moment : date).formatRange(fromMs, toMs),
    rowTitle: ({ fullId }) =>
      fullId === undefined ? say('chains.broken') : say('chains.row', { id: fullId }),
    rowLines: ({ increments, bytes, tipLength, problems: bad, isMerging, lanes }) => [
      {
        text: say(increments === 0 ? 'chains.alone' : 'chains.increments', {
          count: increments,
          bytes: formatBytes(bytes),
        }),
        isWarning: false,
      },
      ...(isMerging
        ? [{ text: say('chains.merging'), isWarning: true }]
        : bad > 0
          ? [{ text: say('chains.problem', { count: bad }), isWarning: true }]
          : tipLength > 1
            ? [{ text: say('chains.weight', { count: tipLength }), isWarning: false }]
            : []),
      ...(lanes.hiddenCount === 0
        ? []
        : [{ text: say('chains.hidden', { count: lanes.hiddenCount }), isWarning: false }]),
    ],
    mark: markText,
    walked: (mark, index, total) => say('chains.walked', { mark: markText(mark), index, total }),
    size: ({ bytes }) => formatBytes(bytes),
    tick: (ms, stepMs) => {
      const time = hour.format(ms)
      return stepMs >= DAY_MS || time === '00:00' ? day.format(ms) : time
    },
    older: (count, bytes, pins) =>
      say(pins === 0 ? 'chains.older' : 'chains.older-pinned', {
        count,
        bytes: formatBytes(bytes),
        pinned: pins,
      }),
    showAll: say('chains.show-all'),
    showNewest: say('chains.show-newest'),
    running: ({ id }) => {
      const percent = percentOf(id)
      return percent === undefined ? say('state.running') : `${say('state.running')} ${percent} %`
    },
    pin: ({ id }) => {
      const record = pinned.get(id)
      const until = record?.expireTime === undefined ? '' : date.format(Date.parse(record.expireTime))
      const note = record?.note ?? ''
      return note === ''
        ? say('chains.pinned-until', { date: until })
        : say('chains.pinned-note', { date: until, note: shorten(note) })
    },
    orphans: ({ backups: members }) => {
      const lost = members.filter(({ status }) => status === 'ORPHAN')
      const [first, last] = [lost[0], lost.at(-1)]
      return first === undefined || last === undefined
        ? []
        : [
            say('chains.orphans', { count: lost.length, range: moment.formatRange(first.atMs, last.atMs) }),
            say('chains.orphans-count', { count: lost.length }),
          ]
    },
  }
}

const DAY_MS = 86_400_000
const LONGEST_NOTE = 28

function shorten(note: string): string {
  return note.length <= LONGEST_NOTE ? note : `${note.slice(0, LONGEST_NOTE - 1)}…`
}
