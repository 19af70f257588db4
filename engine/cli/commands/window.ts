import { type Command, EXIT } from '../context.ts'
import { formatJson } from '../json-text.ts'
import { formatWindowTable, windowToJson } from '../window-listing.ts'

/** Lists which moments of an instance can be restored to, and which WAL is missing. */
export const window: Command = async ({ client, given, log, signal, world }) => {
  const ref = given.requireInstance()
  const found = await client['recovery.window'](ref, { signal })
  for (const id of found.strandedIds)
    log.warning(`backup ${id} cannot be used: its WAL is not in the archive`)
  const hasZone = found.lanes.some(({ zones }) => zones.length > 0)
  const hasPoint = found.lanes.some(({ points }) => points.length > 0)
  if (!hasZone && !hasPoint) {
    const hasWal = found.lanes.some(({ wal }) => wal !== undefined)
    log.info(
      `no moment of instance "${ref.instance}" can be restored to: it has no backup that can be used` +
        (hasWal ? '' : ', and no archived WAL'),
    )
  }
  // Points are the ends of backups: without a zone nothing after one of them is archived.
  if (!hasZone && hasPoint)
    log.info(
      `no PITR: instance "${ref.instance}" has no archived WAL after a backup, so only the end of each backup can be restored to`,
    )
  if (given.choice('format') === 'json') world.writeOut(formatJson(windowToJson(ref.instance, found)))
  else world.writeOut(formatWindowTable(found, world.isOutTerminal && !given.has('no-color')))
  return EXIT.success
}
