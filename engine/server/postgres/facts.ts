import { EngineError } from '../../base/engine-error.ts'
import type { Session } from '../connection.ts'
import { findVersion, NEWEST_MAJOR, OLDEST_MAJOR } from './versions.ts'

/** What a running server says of itself. */
export type ServerFacts = {
  /** `15.18` */
  readonly versionText: string
  readonly major: number
  readonly systemIdentifier: bigint
  readonly timeline: number
  readonly isInRecovery: boolean
  /** Undefined when the role may not see it. */
  readonly dataDirectory: string | undefined
  readonly walSegmentBytes: number
  readonly blockBytes: number
  readonly walBlockBytes: number
  readonly hasChecksums: boolean
  readonly isSuperuser: boolean
  readonly canReplicate: boolean
  readonly walLevel: string
  readonly archiveMode: string
  /** The directory that every tablespace holds for this version, `PG_15_202209061`. */
  readonly tablespaceVersionDirectory: string
  readonly tablespaces: readonly { readonly oid: number; readonly name: string; readonly location: string }[]
  /** Without the templates. */
  readonly databases: readonly { readonly oid: number; readonly name: string }[]
  /** What a backup will need and the role may not do, with the SQL that allows it. */
  readonly missingRights: readonly { readonly what: string; readonly sql: string }[]
}

/**
 * Asks a server for everything that backups and the window want to know.
 *
 * @throws {EngineError} `server.unsupported` for other products and versions; `server.denied` when not even the
 * identity of the cluster may be read
 */
export async function readFacts(session: Session): Promise<ServerFacts> {
  const [base] = (
    await session.query(
      `select pg_catalog.version() as product, pg_catalog.current_setting('server_version_num')::int as number,
              pg_catalog.current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as standby,
              pg_catalog.current_setting('block_size')::int as block, pg_catalog.current_setting('wal_block_size')::int as wal_block,
              pg_catalog.current_setting('data_checksums') as checksums, pg_catalog.current_setting('wal_level') as wal_level,
              pg_catalog.current_setting('archive_mode') as archive_mode,
              (select setting::bigint * case unit when '8kB' then 8192 when 'MB' then 1048576 else 1 end
                 from pg_catalog.pg_settings where name = 'wal_segment_size') as wal_segment,
              (select setting from pg_catalog.pg_settings where name = 'data_directory') as data_directory,
              rolsuper, rolreplication
         from pg_catalog.pg_roles where rolname = current_user`,
    )
  ).rows
  if (base === undefined)
    throw new EngineError('server.query-failed', 'the server does not list the current role')
  const major = Math.floor(Number(base['number']) / 10_000)
  requireSupported(String(base['product']), major)

  const identity = (
    await session.query(
      `select system_identifier::text, catalog_version_no::text, timeline_id::text
         from pg_catalog.pg_control_system(), pg_catalog.pg_control_checkpoint()`,
    )
  ).rows[0]
  const { rows: tablespaces } = await session.query(
    `select oid::text, spcname, pg_catalog.pg_tablespace_location(oid) as location
       from pg_catalog.pg_tablespace where spcname not in ('pg_default', 'pg_global') order by oid`,
  )
  return {
    versionText: String(base['version']),
    major,
    systemIdentifier: BigInt.asUintN(64, BigInt(String(identity?.['system_identifier']))),
    timeline: Number(identity?.['timeline_id']),
    isInRecovery: base['standby'] === true,
    dataDirectory: base['data_directory'] == null ? undefined : String(base['data_directory']),
    walSegmentBytes: Number(base['wal_segment']),
    blockBytes: Number(base['block']),
    walBlockBytes: Number(base['wal_block']),
    hasChecksums: base['checksums'] === 'on',
    isSuperuser: base['rolsuper'] === true,
    canReplicate: base['rolsuper'] === true || base['rolreplication'] === true,
    walLevel: String(base['wal_level']),
    archiveMode: String(base['archive_mode']),
    tablespaceVersionDirectory: `PG_${major}_${identity?.['catalog_version_no']}`,
    tablespaces: tablespaces.map((row) => ({
      oid: Number(row['oid']),
      name: String(row['spcname']),
      location: String(row['location'] ?? ''),
    })),
    databases: (await readDatabaseMap(session)).filter(({ name }) => !name.startsWith('template')),
    missingRights: await missingRights(session, major),
  }
}

/** Databases by OID, without template0 and template1 (catalog format 4.7). */
export async function readDatabaseMap(
  session: Session,
): Promise<readonly { readonly oid: number; readonly name: string }[]> {
  const { rows } = await session.query(
    "select oid::text, datname from pg_catalog.pg_database where datname not in ('template0', 'template1') order by oid",
  )
  return rows.map((row) => ({ oid: Number(row['oid']), name: String(row['datname']) }))
}

function requireSupported(product: string, major: number): void {
  if (!product.startsWith('PostgreSQL ')) {
    throw new EngineError('server.unsupported', `the server is no PostgreSQL: ${product}`, {
      hint: 'This version backs up PostgreSQL only.',
    })
  }
  if (findVersion(major) === undefined) {
    throw new EngineError('server.unsupported', `PostgreSQL ${major} is not supported`, {
      hint: `This version knows ${OLDEST_MAJOR} to ${NEWEST_MAJOR}.`,
    })
  }
}

/** Functions that a backup calls and that not everybody may. */
async function missingRights(session: Session, major: number): Promise<ServerFacts['missingRights']> {
  const wanted =
    major >= 15
      ? ['pg_backup_start(text, boolean)', 'pg_backup_stop(boolean)']
      : ['pg_start_backup(text, boolean, boolean)', 'pg_stop_backup(boolean, boolean)']
  const functions = [
    ...wanted,
    'pg_create_restore_point(text)',
    'pg_switch_wal()',
    'pg_control_system()',
    'pg_control_checkpoint()',
  ]
  const { rows } = await session.query(
    `select f as function, pg_catalog.quote_ident(current_user) as role
       from pg_catalog.unnest($1::text[]) f where not pg_catalog.has_function_privilege('pg_catalog.' || f, 'execute')`,
    [functions],
  )
  return rows.map((row) => ({
    what: String(row['function']),
    sql: `GRANT EXECUTE ON FUNCTION pg_catalog.${String(row['function'])} TO ${String(row['role'])};`,
  }))
}
