import type { BackupId } from '../../base/backup-id.ts'
import type { PathSection } from '../../catalog/recovery-timelines.ts'
import type { WalArchive } from '../../catalog/wal-archive.ts'
import type { DatabaseMapEntry } from '../../format/database-map.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import type { TablespaceMapEntry } from '../../format/tablespace-map.ts'
import type { DatabaseChoice } from './databases.ts'
import type { Destination } from './destination.ts'
import type { ExistingFile } from './existing-files.ts'
import type { ListedBackup, ReadableBackup } from '../steps/chain-file.ts'

/** Whether and how files that are there already are used. */
export type IncrementalMode = 'none' | 'checksum' | 'lsn'

/** What a caller asks for. Defaults are those of the reference tool. */
export type RestoreInput = {
  readonly catalog: string
  readonly instance: string
  readonly id: BackupId | undefined
  readonly dataDirectory: string
  readonly target: RecoveryTarget | undefined
  readonly isInclusive: boolean | undefined
  readonly targetTimeline: string | undefined
  readonly targetAction: 'pause' | 'promote' | 'shutdown' | undefined
  readonly restoreCommand: string | undefined
  /** WAL that recovery needs is copied out of the archive, and no command fetches any. */
  readonly copiesWal: boolean
  /** The last segment that recovery reads, where its WAL was read up to its stop. Counts for `copiesWal` alone. */
  readonly walThrough: string | undefined
  readonly tablespaceMapping: readonly { readonly from: string; readonly to: string }[]
  readonly externalMapping: readonly { readonly from: string; readonly to: string }[]
  readonly skipsExternal: boolean
  /** What happens to files in a data directory that is not empty; `none` refuses it. */
  readonly incrementalMode: IncrementalMode
  /** A data directory that is not empty is renamed; not together with an incremental mode. */
  readonly movesAside: boolean
  /** Databases to restore; undefined = the whole cluster. */
  readonly databases: DatabaseChoice | undefined
  /** A partial restore into a directory that is not empty takes all other databases away. */
  readonly destroysOtherDatabases: boolean
  /** Where the WAL goes if not into the data directory, which then has a link. */
  readonly walDirectory: string | undefined
  readonly threads: number
  readonly isValidated: boolean
  readonly isSynced: boolean
  readonly isForced: boolean
  readonly isReplica: boolean
  readonly primaryConninfo: string | undefined
  readonly primarySlotName: string | undefined
}

/** What was found at a place that is to be written to. */
export type TargetState =
  | { readonly kind: 'absent' | 'empty' }
  | { readonly kind: 'occupied'; readonly sample: string }
  /** It is renamed to that first. */
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'running'; readonly pid: number }
  /** It is the catalog, or in it, or the catalog is in it: what is written, deleted or renamed there would be backups. */
  | { readonly kind: 'catalog'; readonly catalog: string }
  | { readonly kind: 'refused'; readonly message: string }

/** Where WAL is copied from, and the way over timelines that recovery takes. */
export type WalSource = { readonly archive: WalArchive; readonly path: readonly PathSection[] }

/** Everything the decision rests on, gathered before it. */
export type RestoreFacts = {
  readonly backup: ReadableBackup
  /** Newest first. */
  readonly chain: readonly ListedBackup[]
  readonly tablespaces: readonly TablespaceMapEntry[]
  /** In the order of their numbers, from 1. */
  readonly externalDirs: readonly string[]
  /** The databases of the backup; undefined when it has no map of them. */
  readonly databaseMap: readonly DatabaseMapEntry[] | undefined
  /** Of the cluster of the instance. */
  readonly systemIdentifier: string | undefined
  /** By path: data directory, tablespaces, external directories. */
  readonly targets: ReadonlyMap<string, TargetState>
  /** Of a data directory that is not empty. */
  readonly destination: Destination | undefined
  /** What is in the places that are written to, when it may stay or is deleted. */
  readonly existing: readonly ExistingFile[]
  /** Changes with whatever is in a data directory that is not empty. */
  readonly destinationHash: string
  readonly freeBytes: number | undefined
  /** Undefined when no WAL is copied. */
  readonly walSource: WalSource | undefined
  /** What is free for WAL that goes to a disk of its own; undefined where it does not. */
  readonly walDisk: { readonly freeBytes: number | undefined } | undefined
  readonly isRoot: boolean
}
