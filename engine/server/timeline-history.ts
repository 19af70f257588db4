import type { Log } from '../base/log.ts'
import type { Timeline } from '../base/wal-segment.ts'
import { parseTimelineHistory, type TimelineHistory } from '../format/timeline-history.ts'
import { type ConnectionSettings, openReplicationClient } from './connection.ts'
import { replicationConnection } from './replication.ts'

/** The ancestors of a timeline, as the server knows them. The first timeline has none, and nobody is asked. */
export async function readTimelineHistory(
  settings: ConnectionSettings,
  timeline: Timeline,
  call: { readonly signal: AbortSignal; readonly log: Log },
): Promise<TimelineHistory> {
  if (timeline === 1) return []
  await using connection = replicationConnection(await openReplicationClient(settings, call))
  const [row] = await connection.command(`TIMELINE_HISTORY ${timeline}`, call.signal)
  return parseTimelineHistory(row?.[1] ?? '')
}
