import { EngineError } from '../base/engine-error.ts'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'

/** What a `backup_label` says. Source: PostgreSQL `src/backend/access/transam/xlogbackup.c`, `build_backup_content`. */
export type BackupLabel = {
  /** Where replay starts: the redo point of the checkpoint. */
  readonly startLsn: Lsn
  /** The name of the segment that holds {@link startLsn}. */
  readonly startSegment: string
  readonly checkpointLsn: Lsn
  readonly timeline: Timeline | undefined
  /** `streamed` or `pg_start_backup` as the server words it. */
  readonly method: string | undefined
  readonly from: 'primary' | 'standby' | undefined
  /** In the time zone of the server's log, as the server wrote it. */
  readonly startTime: string | undefined
  readonly label: string | undefined
}

/**
 * Reads a `backup_label`. Lines that are not known are passed over, as the server does.
 *
 * @throws {EngineError} `format.damaged` when one of the two lines is missing without which no server starts.
 */
export function parseBackupLabel(text: string): BackupLabel {
  const lines = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(': ')
    if (colon > 0) lines.set(line.slice(0, colon), line.slice(colon + 2))
  }
  const start = /^(?<lsn>\S+) \(file (?<segment>[0-9A-F]{24})\)$/.exec(
    lines.get('START WAL LOCATION') ?? '',
  )?.groups
  if (start === undefined) throw damaged('START WAL LOCATION')
  const timeline = lines.get('START TIMELINE')
  const from = lines.get('BACKUP FROM')
  return {
    startLsn: requireLsn('START WAL LOCATION', start['lsn']),
    startSegment: start['segment'] ?? '',
    checkpointLsn: requireLsn('CHECKPOINT LOCATION', lines.get('CHECKPOINT LOCATION')),
    timeline: timeline === undefined ? undefined : requireTimeline(timeline),
    method: lines.get('BACKUP METHOD'),
    from: from === 'primary' || from === 'standby' ? from : undefined,
    startTime: lines.get('START TIME'),
    label: lines.get('LABEL'),
  }
}

function requireLsn(line: string, text: string | undefined): Lsn {
  if (text === undefined) throw damaged(line)
  try {
    return parseLsn(text)
  } catch (thrown) {
    throw damaged(line, thrown)
  }
}

function requireTimeline(text: string): Timeline {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw damaged('START TIMELINE')
  return Number(text)
}

function damaged(line: string, cause?: unknown): EngineError {
  return new EngineError('format.damaged', `backup_label has no usable line "${line}"`, {
    hint: 'Without its label the backup cannot be recovered; use another backup.',
    cause,
  })
}
