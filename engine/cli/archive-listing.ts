import type { BackupTablespace } from '../api/contract/backups.ts'
import type { ArchivedTimelineRecord, WalArchiveRecord } from '../api/contract/wal.ts'
import { formatLsn, LSN_NONE } from '../base/lsn.ts'
import { backupToJson } from './backup-listing.ts'
import { asWritten, type JsonValue } from './json-text.ts'
import { formatTable, prettySize } from './pretty.ts'

const TITLES = [
  'TLI',
  'Parent TLI',
  'Switchpoint',
  'Min Segno',
  'Max Segno',
  'N segments',
  'Size',
  'Zratio',
  'N backups',
  'Status',
]

/** A timeline that has whole segments; the others are not listed. */
type Listed = ArchivedTimelineRecord & { readonly segments: { readonly begin: string; readonly end: string } }

/** The timelines of an archive as the family's tools print them. Source: `catalog-format.md` section 13.3. */
export function formatArchiveTable(archive: WalArchiveRecord, isColored: boolean): string {
  const rows = archive.timelines
    .filter(isListed)
    .map((timeline) => [
      String(timeline.timeline),
      String(timeline.parent?.timeline ?? 0),
      formatLsn(timeline.parent?.switchLsn ?? LSN_NONE),
      timeline.segments.begin,
      timeline.segments.end,
      String(timeline.segmentCount),
      prettySize(timeline.sizeBytes),
      compressionRatio(timeline, archive),
      String(timeline.backups.length),
      statusOf(timeline),
    ])
  return formatTable(TITLES, rows, [], isColored ? paint : undefined)
}

/** The same as JSON: keys and their order as in `catalog-format.md` section 13.3. */
export function archiveToJson(
  archive: WalArchiveRecord,
  tablespaces: Readonly<Record<string, readonly BackupTablespace[]>>,
): JsonValue {
  return archive.timelines.filter(isListed).map((timeline) => ({
    tli: timeline.timeline,
    'parent-tli': timeline.parent?.timeline ?? 0,
    switchpoint: formatLsn(timeline.parent?.switchLsn ?? LSN_NONE),
    'min-segno': timeline.segments.begin,
    'max-segno': timeline.segments.end,
    'n-segments': timeline.segmentCount,
    size: timeline.sizeBytes,
    zratio: asWritten(compressionRatio(timeline, archive)),
    'closest-backup-id': timeline.closestBackupId ?? '',
    status: statusOf(timeline),
    'lost-segments': emptyInOneLine(
      timeline.lost.map(({ begin, end }) => ({ 'begin-segno': begin, 'end-segno': end })),
    ),
    backups: emptyInOneLine(timeline.backups.map((backup) => backupToJson(backup, tablespaces[backup.id]))),
  }))
}

/** The family's tools break the line inside most empty lists, but not here. */
function emptyInOneLine(items: readonly JsonValue[]): JsonValue {
  return items.length === 0 ? asWritten('[]') : items
}

function isListed(timeline: ArchivedTimelineRecord): timeline is Listed {
  return timeline.segments !== undefined
}

function statusOf({ lost }: ArchivedTimelineRecord): 'OK' | 'DEGRADED' {
  return lost.length === 0 ? 'OK' : 'DEGRADED'
}

/** Two decimals, reckoned in single precision as the family's tools do. */
function compressionRatio(
  { segmentCount, sizeBytes }: ArchivedTimelineRecord,
  { segmentBytes }: WalArchiveRecord,
): string {
  if (sizeBytes === 0) return '0.00'
  return Math.fround(Math.fround(segmentBytes * segmentCount) / Math.fround(sizeBytes)).toFixed(2)
}

function paint(title: string, text: string): string {
  if (title !== 'Status') return text
  return `\x1b[${text === 'OK' ? 32 : 33}m${text}\x1b[0m`
}
