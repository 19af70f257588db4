import { EngineError } from '../base/engine-error.ts'
import { chainOf } from '../catalog/chain.ts'
import type { Inventory } from '../catalog/inventory.ts'
import type { Backup } from '../catalog/backup.ts'
import type { DatabaseNames } from '../operations/relation-names/names.ts'
import {
  type CatalogSource,
  type NamedDatabase,
  openCatalogSource,
  readDatabases,
  readRelationNames,
} from '../operations/relation-names/read.ts'
import type { ReadableBackup } from '../operations/steps/chain-file.ts'
import { openWorkerPool, type WorkerPool } from '../operations/steps/worker-pool.ts'

/** What one backup says about a database; `relations` is undefined when it does not have it. */
export type NamesInBackup = {
  readonly database: NamedDatabase | undefined
  readonly relations: DatabaseNames | undefined
}

/** Names that were read out of backups. A backup does not change, so they hold as long as its list of files does. */
export type BackupNames = {
  /** For one call: what it opened is closed with it. */
  forCall(inventory: Inventory, call: { readonly signal: AbortSignal }): NamesOfCall
}

export type NamesOfCall = AsyncDisposable & {
  /** @throws {EngineError} `backup.damaged`, `backup.chain-broken`, `format.*`, `storage.*` */
  read(backup: Backup, databaseOid: number): Promise<NamesInBackup>
  /** The databases by OID. @throws {EngineError} as `read` */
  databases(backup: Backup): Promise<ReadonlyMap<number, NamedDatabase>>
}

/** Relations that are kept in memory over all databases, but for the one that was read last. */
const MOST_RELATIONS = 500_000
const UTF8 = 6

export function openBackupNames(): BackupNames {
  /** The one that was used last stands last. */
  const kept = new Map<string, NamesInBackup>()
  const keep = (key: string, names: NamesInBackup): NamesInBackup => {
    kept.delete(key)
    kept.set(key, names)
    let count = 0
    for (const known of kept.values()) count += sizeOf(known)
    for (const [oldest, known] of kept) {
      if (count <= MOST_RELATIONS || oldest === key) break
      kept.delete(oldest)
      count -= sizeOf(known)
    }
    return names
  }
  return {
    forCall(inventory, call) {
      const sources = new Map<string, Promise<CatalogSource>>()
      const databases = new Map<string, Promise<ReadonlyMap<number, NamedDatabase>>>()
      const reading = new Map<string, Promise<NamesInBackup>>()
      let pool: WorkerPool | undefined
      const workers = (): WorkerPool => (pool ??= openWorkerPool({ threads: 1, signal: call.signal }))
      const sourceOf = (backup: Backup): Promise<CatalogSource> =>
        once(sources, backup.id, () => openCatalogSource(chainIn(inventory, backup), call))
      const databasesOf = (backup: Backup): Promise<ReadonlyMap<number, NamedDatabase>> =>
        once(databases, backup.id, async () => readDatabases(await sourceOf(backup), workers()))
      return {
        databases: databasesOf,
        read(backup, databaseOid) {
          const crcs = chainIn(inventory, backup).map(({ id, control }) => `${id} ${control.contentCrc}`)
          const key = [inventory.catalog, inventory.instance, ...crcs, databaseOid].join('\0')
          const known = kept.get(key)
          if (known !== undefined) return Promise.resolve(keep(key, known))
          return once(reading, key, async () => {
            // Without its name a database is still known by its number.
            const database = (await databasesOf(backup)).get(databaseOid)
            const wanted = { oid: databaseOid, encoding: database?.encoding ?? UTF8 }
            const relations = await readRelationNames(await sourceOf(backup), wanted, workers())
            return keep(key, { database, relations })
          })
        },
        async [Symbol.asyncDispose]() {
          await pool?.[Symbol.asyncDispose]()
        },
      }
    },
  }
}

function sizeOf({ relations }: NamesInBackup): number {
  return (relations?.relationCount ?? 0) + 1
}

/** Also a failure is met once in a call. */
function once<Value>(
  made: Map<string, Promise<Value>>,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const known = made.get(key) ?? make()
  made.set(key, known)
  return known
}

function chainIn(inventory: Inventory, backup: Backup): readonly ReadableBackup[] {
  return chainOf(inventory, backup.id).backups.map((one) => {
    if (one.control === undefined)
      throw new EngineError('backup.chain-broken', `the control file of backup ${one.id} cannot be read`)
    return { ...one, control: one.control }
  })
}
