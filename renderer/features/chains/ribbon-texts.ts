import { isoFromMs } from '../../../engine/base/iso-time.ts'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { formatBytes, formatTime, zoneOf } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import type { ChainBackup } from '../../pictures/chain-layout.ts'
import type { RibbonTexts } from '../../pictures/chain-ribbons.tsx'

/** A backup as the picture draws it. */
export function toChainBackup(backup: BackupRecord): ChainBackup {
  return {
    id: backup.id,
    parentId: backup.parentId,
    fullId: backup.fullId,
    isFull: backup.mode === 'FULL',
    mode: backup.mode,
    status: backup.status,
    isStale: backup.isStale,
    isPinned: backup.expireTime !== undefined && Date.parse(backup.expireTime) > Date.now(),
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
  backups: readonly ChainBackup[],
  percentOf: (id: string) => number | undefined,
): RibbonTexts {
  const chains = new Set(backups.flatMap(({ fullId }) => fullId ?? [])).size
  const problems = backups.filter(
    ({ status }) => status === 'CORRUPT' || status === 'ORPHAN' || status === 'ERROR',
  ).length
  const day = new Intl.DateTimeFormat(language, { timeZone: zoneOf(zone), day: '2-digit', month: 'short' })
  const hour = new Intl.DateTimeFormat(language, {
    timeZone: zoneOf(zone),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return {
    title: say('chains.title'),
    summary: say(problems === 0 ? 'chains.summary' : 'chains.summary-problems', {
      backups: backups.length,
      chains,
      problems,
    }),
    now: say('chains.now'),
    legend: say('chains.legend'),
    rowTitle: ({ fullId }) =>
      fullId === undefined ? say('chains.broken') : say('chains.row', { id: fullId }),
    rowLines: ({ increments, bytes, tipLength, problems: bad }) => [
      {
        text: say(increments === 0 ? 'chains.alone' : 'chains.increments', {
          count: increments,
          bytes: formatBytes(bytes),
        }),
        isWarning: false,
      },
      ...(bad > 0
        ? [{ text: say('chains.problem', { count: bad }), isWarning: true }]
        : tipLength > 1
          ? [{ text: say('chains.weight', { count: tipLength }), isWarning: false }]
          : []),
    ],
    mark: ({ ids, worst, bytes }, index, total) =>
      ids.length > 1
        ? say('chains.bin', { count: ids.length, bytes: formatBytes(bytes) })
        : say('chains.mark', {
            mode: worst.mode,
            id: worst.id,
            time: formatTime(isoFromMs(worst.atMs), zone),
            status: worst.status,
            bytes: formatBytes(worst.bytes),
            index,
            total,
          }),
    size: ({ bytes }) => formatBytes(bytes),
    tick: (ms, spanMs) => (spanMs > 3 * 86_400_000 ? day : hour).format(new Date(ms)),
    older: (count, bytes) => say('chains.older', { count, bytes: formatBytes(bytes) }),
    showAll: say('chains.show-all'),
    running: ({ id }) => {
      const percent = percentOf(id)
      return percent === undefined ? say('state.running') : `${say('state.running')} ${percent} %`
    },
    orphans: ({ backups: members }) => {
      const lost = members.filter(({ status }) => status === 'ORPHAN').length
      return lost === 0 ? undefined : `${lost} ORPHAN`
    },
  }
}
