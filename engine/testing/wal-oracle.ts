import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { type Timeline, walSegmentName, walSegmentNumber } from '../base/wal-segment.ts'
import type { WalEvent } from '../catalog/recovery-stop.ts'
import { WalCursor } from '../format/wal-cursor.ts'
import { walRecordMainData } from '../format/wal-record.ts'
import { recordTimestampMicros, restorePointName } from '../format/wal-times.ts'
import { decodeTransactionEnd } from '../format/wal-transactions.ts'

/** A record at which recovery may stop, and whose WAL has it. */
export type TimelineEvent = WalEvent & { readonly timeline: Timeline }

/**
 * Reads one timeline of an archive of plain segments from a segment start on, for as long as there are any: what a test
 * needs to know by itself.
 */
export async function readTimelineEvents(archive: {
  readonly directory: string
  readonly timeline: Timeline
  readonly from: Lsn
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
}): Promise<readonly TimelineEvent[]> {
  const { directory, timeline, segmentBytes, systemIdentifier } = archive
  const start = lsnFromBigint(walSegmentNumber(archive.from, segmentBytes) * BigInt(segmentBytes))
  const cursor = new WalCursor({ start, from: 'at-or-after', timeline, segmentBytes, systemIdentifier })
  const events: TimelineEvent[] = []
  for (;;) {
    const step = cursor.next()
    if (step.kind === 'end') return events
    if (step.kind === 'need-segment') {
      const name = walSegmentName({ timeline, number: step.number }, segmentBytes)
      const bytes = await readFile(path.join(directory, name)).catch(() => undefined)
      if (bytes === undefined) cursor.feedNothing(step.number, 'missing', 'the segment is missing')
      else cursor.feed(step.number, bytes)
      continue
    }
    const { record } = step
    const { lsn, previousLsn } = record
    const end = decodeTransactionEnd(record, walRecordMainData(record))
    const name = restorePointName(record)
    if (end !== undefined) events.push({ ...end, timeline, lsn, previousLsn })
    else if (name !== undefined) {
      const micros = recordTimestampMicros(record) ?? 0n
      events.push({ kind: 'restore-point', name, micros, timeline, lsn, previousLsn })
    }
  }
}
