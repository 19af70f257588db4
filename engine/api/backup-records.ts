import { secondsFromBackupId } from '../base/backup-id.ts'
import { isoFromSeconds } from '../base/iso-time.ts'
import { LSN_NONE } from '../base/lsn.ts'
import { type Backup, isUnread } from '../catalog/backup.ts'
import type { Inventory } from '../catalog/inventory.ts'
import { chainsOf, type ChainSummary } from '../catalog/chain.ts'
import { staleness } from '../catalog/stale.ts'
import type { BackupRecord } from './contract/backups.ts'

/** The backups of an inventory as the contract shows them, newest first. */
export function backupRecords(inventory: Inventory): readonly BackupRecord[] {
  const chains = chainsOf(inventory)
  return inventory.backups.map((backup) =>
    recordOf(backup, staleness(backup) === 'stale', chains.get(backup.id)),
  )
}

function recordOf(
  { id, control, problem }: Backup,
  isStale: boolean,
  chain: ChainSummary | undefined,
): BackupRecord {
  const time = (seconds: number | undefined) => (seconds === undefined ? undefined : isoFromSeconds(seconds))
  return {
    id,
    parentId: control?.parentId,
    mode: control?.mode ?? '',
    status: control?.status ?? 'UNKNOWN',
    isUnread: isUnread({ control, problem }),
    isStale,
    isStream: control?.isStream ?? false,
    compressAlgorithm: control?.compressAlgorithm ?? 'none',
    compressLevel: control?.compressLevel ?? 0,
    isFromReplica: control?.isFromReplica ?? false,
    blockBytes: control?.blockBytes ?? 0,
    walBlockBytes: control?.walBlockBytes ?? 0,
    checksumVersion: control?.checksumVersion ?? 0,
    programVersion: control?.programVersion,
    serverVersion: control?.serverVersion,
    timeline: control?.timeline ?? 0,
    parentTimeline: chain?.parentTimeline ?? 0,
    startLsn: control?.startLsn ?? LSN_NONE,
    stopLsn: control?.stopLsn ?? LSN_NONE,
    startTime: isoFromSeconds(control?.startSeconds ?? secondsFromBackupId(id)),
    mergeTime: time(control?.mergeSeconds),
    endTime: time(control?.endSeconds),
    recoveryTime: time(control?.recoverySeconds),
    recoveryXid: control?.recoveryXid ?? 0n,
    expireTime: time(control?.expireSeconds),
    dataBytes: control?.dataBytes,
    walBytes: control?.walBytes,
    uncompressedBytes: control?.uncompressedBytes,
    pgdataBytes: control?.pgdataBytes,
    primaryConninfo: control?.primaryConninfo,
    externalDirs: control?.externalDirs,
    note: control?.note,
    contentCrc: control?.contentCrc,
    restoreBytes: chain?.bytes ?? 0,
    fullId: chain?.fullId,
    chainLength: chain?.length ?? 0,
    isRestorable: chain?.isUsable ?? false,
  }
}
