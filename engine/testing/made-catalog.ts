import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseBackupId, secondsFromBackupId } from '../base/backup-id.ts'
import { LSN_NONE } from '../base/lsn.ts'
import type { Backup } from '../catalog/backup.ts'
import type { Inventory } from '../catalog/inventory.ts'
import type { ReadableBackup } from '../operations/steps/chain-file.ts'
import { type BackupControl, formatBackupControl } from '../format/backup-control.ts'

/** A sound FULL of a PostgreSQL 15, but for what is given. */
export function madeControl(given: Partial<BackupControl> = {}): BackupControl {
  return {
    mode: 'FULL',
    isStream: true,
    compressAlgorithm: 'none',
    compressLevel: 1,
    isFromReplica: false,
    blockBytes: 8192,
    walBlockBytes: 8192,
    checksumVersion: 1,
    programVersion: '2.5.16',
    serverVersion: '15',
    timeline: 1,
    startLsn: LSN_NONE,
    stopLsn: LSN_NONE,
    startSeconds: 1_795_221_020,
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
    status: 'OK',
    parentId: undefined,
    primaryConninfo: undefined,
    externalDirs: undefined,
    note: undefined,
    contentCrc: undefined,
    ...given,
  }
}

/** What to make a backup of: a parent makes it a DELTA. */
export type MadeBackup = Partial<Omit<BackupControl, 'parentId'>> & { readonly parent?: string }

/** A backup in memory. Its start is the second that its id stands for. */
export function madeBackup(name: string, { parent, ...given }: MadeBackup = {}): ReadableBackup {
  const id = parseBackupId(name)
  const parentId = parent === undefined ? undefined : parseBackupId(parent)
  const control = madeControl({
    mode: parent === undefined ? 'FULL' : 'DELTA',
    startSeconds: secondsFromBackupId(id),
    parentId,
    ...given,
  })
  return { id, instance: 'main', directory: `/backup/backups/main/${id}`, control, problem: undefined }
}

/** A backup whose control file cannot be read. */
export function unreadableBackup(name: string): Backup {
  return { ...madeBackup(name), control: undefined, problem: 'backup.control is missing' }
}

/** An inventory in memory, newest first whatever the order given. */
export function madeInventory(backups: readonly Backup[]): Inventory {
  const start = ({ id, control }: Backup): number => control?.startSeconds ?? secondsFromBackupId(id)
  return {
    catalog: '/backup',
    instance: 'main',
    config: { values: {} },
    backups: backups.toSorted((a, b) => start(b) - start(a)),
    revision: '',
    problems: [],
  }
}

/** Makes the layout of a catalog with the instance `main`, and gives the directory for its backups. */
export function writeCatalog(catalog: string): string {
  const instance = path.join(catalog, 'backups', 'main')
  mkdirSync(instance, { recursive: true })
  mkdirSync(path.join(catalog, 'wal', 'main'), { recursive: true })
  writeFileSync(path.join(instance, 'pg_probackup.conf'), 'pgdata = /pgdata\n')
  return instance
}

/** Writes a backup into such a directory: its control file and nothing else. */
export function writeBackup(instance: string, name: string, given: MadeBackup = {}): string {
  const directory = path.join(instance, name)
  mkdirSync(directory)
  writeFileSync(path.join(directory, 'backup.control'), formatBackupControl(madeBackup(name, given).control))
  return directory
}
