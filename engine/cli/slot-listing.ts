import type { SlotList, SlotRecord } from '../api/contract/slots.ts'
import { formatLsn } from '../base/lsn.ts'
import type { JsonValue } from './json-text.ts'
import { formatLocalTime } from './moments.ts'
import { formatTable, prettySize } from './pretty.ts'

const TITLES = [
  'Name',
  'Type',
  'Plugin',
  'Database',
  'Active',
  'Restart LSN',
  'Kept WAL',
  'Idle since',
  'XID age',
  'WAL status',
  'Remark',
]
const UNKNOWN = '----'

/** The slots as the engine lists them: those that are furthest behind come first. */
export function formatSlotTable({ slots, newestBackup }: SlotList): string {
  return formatTable(
    TITLES,
    slots.map((slot) => [
      slot.name,
      slot.kind,
      slot.plugin ?? UNKNOWN,
      slot.database ?? UNKNOWN,
      slot.isActive ? 'yes' : 'no',
      slot.restartLsn === undefined ? UNKNOWN : formatLsn(slot.restartLsn),
      slot.behindBytes === undefined ? UNKNOWN : prettySize(slot.behindBytes),
      slot.inactiveSince === undefined ? UNKNOWN : formatLocalTime(slot.inactiveSince),
      slot.xidAge === undefined ? UNKNOWN : String(slot.xidAge),
      slot.walStatus ?? UNKNOWN,
      remarksOf(slot, newestBackup).join('; '),
    ]),
    ['Kept WAL', 'XID age'],
  )
}

/** What is worth a look, as phrases. */
function remarksOf(slot: SlotRecord, newest: SlotList['newestBackup']): readonly string[] {
  const isUnused = slot.restartLsn === undefined && slot.walStatus !== 'lost'
  return [
    ...(slot.isOfReceiver ? ['of the WAL receiver'] : []),
    ...(slot.isTemporary ? ['temporary'] : []),
    ...(slot.client === undefined ? [] : [`used by ${slot.client}`]),
    ...(slot.walStatus === 'lost' ? ['has lost its WAL: whoever used it has to start anew'] : []),
    ...(slot.walStatus === 'unreserved' ? ['may lose its WAL at the next checkpoint'] : []),
    ...(isUnused ? ['never used yet'] : []),
    ...(slot.isBeforeNewest && newest !== undefined
      ? [`older than backup ${newest.id}, which starts at ${formatLsn(newest.startLsn)}`]
      : []),
  ]
}

/** The same as JSON; what is not known is left out. */
export function slotsToJson(instance: string, list: SlotList): JsonValue {
  const { nowLsn, maxSlots, newestBackup, slots } = list
  return {
    instance,
    'current-lsn': formatLsn(nowLsn),
    'max-slots': maxSlots,
    'newest-backup': newestBackup && { id: newestBackup.id, 'start-lsn': formatLsn(newestBackup.startLsn) },
    slots: slots.map((slot) => ({
      name: slot.name,
      type: slot.kind,
      plugin: slot.plugin,
      database: slot.database,
      active: slot.isActive,
      'active-pid': slot.activePid,
      client: slot.client,
      temporary: slot.isTemporary,
      'restart-lsn': slot.restartLsn && formatLsn(slot.restartLsn),
      'kept-bytes': slot.behindBytes,
      'inactive-since': slot.inactiveSince,
      'xid-age': slot.xidAge,
      'wal-status': slot.walStatus,
      'safe-wal-bytes': slot.safeWalBytes,
      'of-receiver': slot.isOfReceiver,
      'before-newest-backup': slot.isBeforeNewest,
      remarks: remarksOf(slot, newestBackup),
    })),
  }
}
