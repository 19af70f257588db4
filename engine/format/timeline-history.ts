import { EngineError } from '../base/engine-error.ts'
import { formatLsn, type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'

/** One ancestor: the timeline, and where the next one branched off from it. */
type TimelineHistoryEntry = {
  readonly timeline: Timeline
  /** The first byte that is no longer of {@link timeline}. */
  readonly switchLsn: Lsn
  readonly reason: string
}

/**
 * The ancestors that a `.history` file names, oldest first. The timeline itself is in the file's name only.
 * Source: PostgreSQL `src/backend/access/transam/timeline.c`.
 */
export type TimelineHistory = readonly TimelineHistoryEntry[]

const FILE_NAME = /^(?<timeline>[0-9A-F]{8})\.history$/

/** The name of the history file of a timeline, `00000002.history`. */
export function timelineHistoryFileName(timeline: Timeline): string {
  return `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`
}

/** The timeline whose history a file of that name holds, or undefined when it is no such name. */
export function findTimelineOfHistoryFile(name: string): Timeline | undefined {
  const digits = FILE_NAME.exec(name)?.groups?.['timeline']
  return digits === undefined ? undefined : Number.parseInt(digits, 16)
}

/**
 * Reads a history file.
 *
 * @throws {EngineError} `format.damaged` naming the line; also when timelines do not ascend.
 */
export function parseTimelineHistory(text: string): TimelineHistory {
  const entries: TimelineHistoryEntry[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const parts =
      /^\s*(?<timeline>[0-9]{1,10})\s+(?<lsn>[0-9A-Fa-f]+\/[0-9A-Fa-f]+)(?:\s+(?<reason>.*))?$/.exec(
        line,
      )?.groups
    if (parts === undefined) throw damaged(index + 1, 'is no line of a timeline history')
    const entry = {
      timeline: Number(parts['timeline']),
      switchLsn: requireLsn(index + 1, parts['lsn'] ?? ''),
      reason: parts['reason'] ?? '',
    }
    const before = entries.at(-1)
    // Switch points may descend: a server may leave a timeline before the point where that one began.
    if (before !== undefined && entry.timeline <= before.timeline) {
      throw damaged(index + 1, 'does not come after the line before it')
    }
    entries.push(entry)
  }
  return entries
}

/** Writes a history file; the inverse of {@link parseTimelineHistory}. */
export function formatTimelineHistory(history: TimelineHistory): string {
  return history
    .map(({ timeline, switchLsn, reason }) => `${timeline}\t${formatLsn(switchLsn)}\t${reason}\n`)
    .join('\n')
}

/** Where the history left that timeline; undefined when it never was on it, or still is. */
export function switchPoint(history: TimelineHistory, timeline: Timeline): Lsn | undefined {
  return history.find((entry) => entry.timeline === timeline)?.switchLsn
}

function requireLsn(line: number, text: string): Lsn {
  try {
    return parseLsn(text)
  } catch (thrown) {
    throw damaged(line, 'has no usable LSN', thrown)
  }
}

function damaged(line: number, what: string, cause?: unknown): EngineError {
  return new EngineError('format.damaged', `line ${line} of the timeline history ${what}`, {
    hint: 'Fetch the history file again from the server or the archive.',
    cause,
  })
}
