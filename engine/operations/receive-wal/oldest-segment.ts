import type { Run } from '../../base/run.ts'
import { findWalSegment, walSegmentNumber, walSegmentStart } from '../../base/wal-segment.ts'
import { type ConnectionSettings, openSession } from '../../server/connection.ts'
import { isWalSegmentName } from '../../format/file-names.ts'
import type { ReceivePoint } from './plan.ts'

/**
 * The oldest segment after `point` from which on the server has everything; undefined when there is none. Files that
 * the server has made ahead for later use have names after the one it writes, and never stand first.
 *
 * @throws {EngineError} `server.denied` for a role that may not list them: it needs `pg_monitor`
 */
export async function oldestSegmentOnServer(
  settings: ConnectionSettings,
  point: ReceivePoint,
  segmentBytes: number,
  run: Pick<Run, 'signal' | 'log'>,
): Promise<ReceivePoint | undefined> {
  await using session = await openSession(settings, run)
  const { rows } = await session.query('select name from pg_catalog.pg_ls_waldir()')
  const wanted = walSegmentNumber(point.from, segmentBytes)
  const present = rows
    .map((row) => String(row['name']))
    .filter(isWalSegmentName)
    .flatMap((name) => findWalSegment(name, segmentBytes) ?? [])
    .filter(({ number }) => number > wanted)
    .toSorted((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : a.timeline - b.timeline))
  const [oldest] = present
  return oldest === undefined
    ? undefined
    : { timeline: oldest.timeline, from: walSegmentStart(oldest.number, segmentBytes) }
}
