import type { BackupEstimate } from '../../../engine/api/contract/backups.ts'
import { formatLsn } from '../../../engine/base/lsn.ts'
import { dotted, formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'

/** Logical replication slots that make the server keep WAL for nobody. A backup can be started all the same. */
export function IdleSlots({ slots }: { readonly slots: BackupEstimate['idleSlots'] }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  if (slots.length === 0) return null
  return (
    <div className="idle-slots" role="note" aria-label={say('backup.idle-slots')}>
      <strong>{say('backup.idle-slots')}</strong>
      <ul>
        {slots.map(({ name, database, restartLsn, keptBytes, inactiveSince, isBeforeNewest }) => (
          <li key={name}>
            <span className="mono">{name}</span>{' '}
            <span className="quiet numbers">
              {dotted([
                database,
                say('backup.idle-slot-keeps', {
                  bytes: formatBytes(keptBytes),
                  lsn: formatLsn(restartLsn),
                }),
                inactiveSince && say('backup.idle-slot-since', { time: formatTime(inactiveSince, zone) }),
                isBeforeNewest ? say('backup.idle-slot-before') : undefined,
              ])}
            </span>
          </li>
        ))}
      </ul>
      <p className="quiet">{say('backup.idle-slots-advice')}</p>
    </div>
  )
}
