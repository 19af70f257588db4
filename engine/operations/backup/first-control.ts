import { LSN_NONE } from '../../base/lsn.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import type { Basis } from './basis.ts'
import type { BackupSettings } from './settings.ts'

/** What is written down of a backup that has just begun. The start time is filled in when it gets its id. */
export function firstControl(
  settings: BackupSettings,
  basis: Basis,
  facts: ServerFacts,
  conninfo: string,
  programVersion: string,
): BackupControl {
  return {
    mode: basis.mode,
    isStream: settings.isStream,
    compressAlgorithm: settings.compressAlgorithm,
    compressLevel: settings.compressLevel,
    isFromReplica: facts.isInRecovery,
    blockBytes: facts.blockBytes,
    walBlockBytes: facts.walBlockBytes,
    checksumVersion: facts.hasChecksums ? 1 : 0,
    programVersion,
    serverVersion: String(facts.major),
    timeline: facts.timeline,
    startLsn: LSN_NONE,
    stopLsn: LSN_NONE,
    startSeconds: 0,
    mergeSeconds: undefined,
    endSeconds: undefined,
    recoveryXid: 0n,
    recoverySeconds: undefined,
    expireSeconds: undefined,
    mergeDestinationId: undefined,
    dataBytes: undefined,
    walBytes: undefined,
    uncompressedBytes: undefined,
    pgdataBytes: undefined,
    status: 'RUNNING',
    parentId: basis.mode === 'FULL' ? undefined : basis.parent.id,
    primaryConninfo: conninfo,
    externalDirs: settings.externalDirs.length === 0 ? undefined : settings.externalDirs.join(':'),
    note: settings.note,
    contentCrc: undefined,
  }
}
