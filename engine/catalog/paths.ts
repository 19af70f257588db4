import path from 'node:path'

/** Every directory of a catalog has this mode, whatever the modes of the sources are (catalog format 1.3). */
export const DIRECTORY_MODE = 0o700

/** `backups/`, with a directory for each instance. */
export function backupsDirectory(catalog: string): string {
  return path.join(catalog, 'backups')
}

/** The directory of an instance, with its configuration and a directory for each backup. */
export function instanceDirectory(catalog: string, instance: string): string {
  return path.join(catalog, 'backups', instance)
}

/** The archived WAL of an instance. */
export function archiveDirectory(catalog: string, instance: string): string {
  return path.join(catalog, 'wal', instance)
}

export function configFile(catalog: string, instance: string): string {
  return path.join(instanceDirectory(catalog, instance), 'pg_probackup.conf')
}

/** Names inside the directory of a backup. */
export const CONTROL_FILE = 'backup.control'
export const CONTENT_FILE = 'backup_content.control'
export const EXCLUSIVE_LOCK = 'backup.pid'
export const SHARED_LOCK = 'backup_ro.pid'
