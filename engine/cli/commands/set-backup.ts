import { EngineError } from '../../base/engine-error.ts'
import { type Command, EXIT } from '../context.ts'
import { formatLocalTime } from '../moments.ts'
import { readPin } from '../pin.ts'

/** Changes note and pin of one backup. */
export const setBackup: Command = async ({ client, given, log, signal, world }) => {
  const ref = given.requireInstance()
  const id = given.requireBackupId()
  const change = readPin(given)
  if (Object.keys(change).length === 0) {
    throw new EngineError('usage.invalid', 'set-backup was told nothing to change', {
      hint: 'Give --note, --ttl or --expire-time.',
    })
  }
  const backup = await client['backups.annotate']({ ...ref, id, ...change }, { signal })
  if (change.note !== undefined) {
    log.info(
      change.note === ''
        ? `backup ${id} has no note any more`
        : `backup ${id} has the note "${backup.note ?? ''}"`,
    )
    if (/[\r\n]/.test(change.note))
      log.warning('a note is one line in the catalog: only the first line of the text was kept')
  }
  if (change.ttlSeconds !== undefined || change.expireTime !== undefined) {
    log.info(
      backup.expireTime === undefined
        ? `backup ${id} is not pinned`
        : `backup ${id} is pinned until ${formatLocalTime(backup.expireTime)}`,
    )
    if (backup.expireTime !== undefined && Date.parse(backup.expireTime) <= world.clock.nowMs())
      log.warning(
        'that is past, so the pin keeps the backup from nothing; a --ttl counts from its recovery time',
      )
  }
  return EXIT.success
}
