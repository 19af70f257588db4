import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { LSN_NONE } from '../../base/lsn.ts'
import { readContentList } from '../../catalog/backup.ts'
import { type DatabaseRow, PG_CLASS, PG_DATABASE, PG_INDEX, PG_NAMESPACE } from '../../format/catalog-rows.ts'
import { legacyCrc32, crc32c } from '../../format/crc32c.ts'
import { decodeRelationMap } from '../../format/relation-map.ts'
import { mapFileError } from '../../host/file-error.ts'
import { chainFile, type ListedBackup, type ReadableBackup } from '../steps/chain-file.ts'
import { type ChainFile, damagedSource } from '../steps/stored-source.ts'
import { type ContentIndex, indexContent } from '../steps/stored-versions.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'
import { type DatabaseNames, nameRelations, latestBy } from './names.ts'
import { readClassRows, readDatabaseRows, readIndexRows, readSchemaRows } from './read-rows.ts'

/** The files of a backup, as a chain has them, for reading system tables. */
export type CatalogSource = {
  readonly newest: ListedBackup
  readonly older: readonly ListedBackup[]
  readonly entries: ContentIndex
  readonly olderEntries: readonly ContentIndex[]
  readonly major: number
}

/** A database that a backup has. */
export type NamedDatabase = Pick<DatabaseRow, 'oid' | 'name' | 'encoding'>

/**
 * Reads the lists of a chain, FULL first. Nothing is locked: whatever somebody changes meanwhile no longer fits the
 * checksums of these lists.
 *
 * @throws {EngineError} `format.damaged`, `storage.*`
 */
export async function openCatalogSource(
  chain: readonly ReadableBackup[],
  { signal }: { readonly signal: AbortSignal },
): Promise<CatalogSource> {
  const listed: ListedBackup[] = []
  for (const backup of chain.toReversed()) {
    signal.throwIfAborted()
    listed.push({ backup, entries: await readContentList(backup) })
  }
  const [newest, ...older] = listed
  if (newest === undefined) throw new EngineError('backup.chain-broken', 'the chain is empty')
  return {
    newest,
    older,
    entries: indexContent(newest.entries),
    olderEntries: older.map(({ entries }) => indexContent(entries)),
    major: Number.parseInt(newest.backup.control.serverVersion ?? '', 10) || 0,
  }
}

const GLOBAL = 'global'

/** The databases by OID, with their names. @throws {EngineError} `backup.damaged`, `format.*`, `storage.*` */
export async function readDatabases(
  source: CatalogSource,
  pool: WorkerPool,
): Promise<ReadonlyMap<number, NamedDatabase>> {
  const map = await readRelationMap(source, GLOBAL)
  const files = filesOf(source, GLOBAL, map.get(PG_DATABASE))
  const rows = await pool.run(readDatabaseRows, { files, major: source.major, encoding: 0 })
  return latestBy(rows, ({ oid }) => oid)
}

/**
 * The relations of a database by their files; undefined when the backup does not have that database.
 *
 * @throws {EngineError} `backup.damaged`, `format.*`, `storage.*`
 */
export async function readRelationNames(
  source: CatalogSource,
  database: { readonly oid: number; readonly encoding: number },
  pool: WorkerPool,
): Promise<DatabaseNames | undefined> {
  const place = findDatabase(source, database.oid)
  if (place === undefined) return undefined
  const { directory, tablespaceOid } = place
  const mapped = await readRelationMap(source, directory)
  const common = { major: source.major, encoding: database.encoding }
  const relations = await pool.run(readClassRows, {
    ...common,
    files: filesOf(source, directory, mapped.get(PG_CLASS)),
  })
  const own = latestBy(
    relations.filter(({ oid }) => oid === PG_NAMESPACE || oid === PG_INDEX),
    ({ oid }) => oid,
  )
  const numberOf = (oid: number): number | undefined => own.get(oid)?.relationNumber
  const [schemas, indexes] = await Promise.all([
    pool.run(readSchemaRows, { ...common, files: filesOf(source, directory, numberOf(PG_NAMESPACE)) }),
    pool.run(readIndexRows, { ...common, files: filesOf(source, directory, numberOf(PG_INDEX)) }),
  ])
  return nameRelations({ relations, schemas, indexes, mapped, tablespaceOid })
}

const DEFAULT_TABLESPACE = 1663
const MAP_FILE = 'pg_filenode.map'

/** It lies where the database lies, whatever tablespaces its tables are in. */
function findDatabase(
  { newest, entries }: CatalogSource,
  oid: number,
): { readonly directory: string; readonly tablespaceOid: number } | undefined {
  if (entries.has(`0:base/${oid}/${MAP_FILE}`))
    return { directory: `base/${oid}`, tablespaceOid: DEFAULT_TABLESPACE }
  const place = new RegExp(`^(?<directory>pg_tblspc/(?<tablespace>\\d+)/[^/]+/${oid})/${MAP_FILE}$`)
  for (const entry of newest.entries) {
    const groups = entry.externalDirNumber === 0 ? place.exec(entry.path)?.groups : undefined
    if (groups !== undefined)
      return { directory: groups['directory'] ?? '', tablespaceOid: Number(groups['tablespace']) }
  }
  return undefined
}

/** All segments of a relation. */
function filesOf(
  source: CatalogSource,
  directory: string,
  relationNumber: number | undefined,
): readonly ChainFile[] {
  const files: ChainFile[] = []
  const first = `${directory}/${relationNumber ?? ''}`
  for (let name = first; ; name = `${first}.${files.length}`) {
    const file = relationNumber === undefined ? undefined : fileOf(source, name)
    if (file === undefined) break
    files.push(file)
  }
  if (files.length > 0) return files
  throw new EngineError(
    'backup.damaged',
    `backup ${source.newest.backup.id} lacks a system table of "${directory}"`,
    { hint: 'Validate the instance.', facts: { backup: source.newest.backup.id } },
  )
}

function fileOf(
  { newest, older, entries, olderEntries }: CatalogSource,
  name: string,
): ChainFile | undefined {
  const entry = entries.get(`0:${name}`)
  return entry && chainFile(entry, { newest, older, olderEntries, shiftLsn: LSN_NONE })
}

async function readRelationMap(
  source: CatalogSource,
  directory: string,
): Promise<ReadonlyMap<number, number>> {
  const file = fileOf(source, path.posix.join(directory, MAP_FILE))
  const [stored] = file?.sources ?? []
  if (file === undefined || stored === undefined)
    throw new EngineError('backup.damaged', `the backup has no "${directory}/${MAP_FILE}"`, {
      hint: 'Validate the instance.',
    })
  const bytes = await readFile(stored.storedPath).catch((thrown: unknown) => {
    throw mapFileError(thrown, stored.storedPath, 'read')
  })
  const crcOf = stored.hasLegacyCrc ? legacyCrc32 : crc32c
  if (crcOf(bytes) !== stored.crc) throw damagedSource(file, stored, 'fails its checksum')
  return decodeRelationMap(bytes)
}
