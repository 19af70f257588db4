import { chown, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { SCRATCH_CLUSTER_NAME } from '../host/left-server.ts'

/** Whom the server runs as when this process is root. */
export type Owner = { readonly uid: number; readonly gid: number }

/** A private directory for what a scratch server has besides its data directory. Disposing removes it. */
export type ScratchPlace = AsyncDisposable & {
  readonly directory: string
  readonly logFile: string
  /** Directory of the socket, or an address where there are none. */
  readonly host: string
  readonly port: number
  /** For the command line of the server. */
  readonly settings: Readonly<Record<string, string>>
}

/** The name of the socket has it; nothing else listens on it. */
const SOCKET_PORT = 5432
/** What the address of a Unix socket may have, less the name of the socket itself. */
const LONGEST_SOCKET_DIRECTORY = 80

/**
 * What a copy of a cluster must never do: be reached by others, write into the archive or clean it up, connect to the
 * primary or to publishers, wait for standbys, or run the jobs of loaded libraries.
 */
const HARMLESS: Readonly<Record<string, string>> = {
  hot_standby: 'on',
  archive_mode: 'off',
  archive_cleanup_command: '',
  recovery_end_command: '',
  primary_conninfo: '',
  primary_slot_name: '',
  synchronous_standby_names: '',
  max_logical_replication_workers: '0',
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  ssl: 'off',
  external_pid_file: '',
  cluster_name: SCRATCH_CLUSTER_NAME,
  // The machine may be smaller than the one of the cluster.
  shared_buffers: '128MB',
}

/** So that the log can be read by `parseRecoveryLog`. */
const READABLE_LOG: Readonly<Record<string, string>> = {
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '',
  log_min_messages: 'warning',
  lc_messages: 'C',
  timezone: 'UTC',
}

/** What hot standby wants at least as high as on the primary, for a cluster whose configuration lies elsewhere. */
const ROOMY_CONFIGURATION = [
  'max_connections = 1000',
  'max_worker_processes = 128',
  'max_wal_senders = 100',
  'max_prepared_transactions = 1000',
  'max_locks_per_transaction = 256',
  '',
].join('\n')

/**
 * Whom a server on this data directory has to run as; undefined for the user of this process.
 *
 * @throws {EngineError} `server.denied` when that would be root
 */
export async function requireServerOwner(dataDirectory: string): Promise<Owner | undefined> {
  let found: Owner
  try {
    found = await stat(dataDirectory)
  } catch (thrown) {
    throw mapFileError(thrown, dataDirectory, 'start a server on')
  }
  if (process.getuid?.() !== 0) return undefined
  const { uid, gid } = found
  if (uid !== 0) return { uid, gid }
  throw new EngineError(
    'server.denied',
    `"${dataDirectory}" belongs to root, and PostgreSQL refuses to run as root`,
    {
      hint: 'Run Tidemark as an ordinary user, or restore into a directory that belongs to one.',
      facts: { path: dataDirectory },
    },
  )
}

/**
 * @throws {EngineError} `storage.*`; nothing is left behind then
 */
export async function makeScratchPlace(
  dataDirectory: string,
  major: number,
  owner: Owner | undefined,
): Promise<ScratchPlace> {
  // The name of a socket must be short, however deep the temporary directory of this user is.
  const parents = os.tmpdir().length <= LONGEST_SOCKET_DIRECTORY ? [os.tmpdir()] : ['/tmp']
  const [parent = os.tmpdir()] = parents
  const directory = await mkdtemp(path.join(parent, 'tidemark-'))
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 5 })
  try {
    const logFile = path.join(directory, 'server.log')
    const accessFile = path.join(directory, 'hba.conf')
    await writeFile(accessFile, 'local all all trust\nhost all all 127.0.0.1/32 trust\n', { mode: 0o600 })
    await (await open(logFile, 'ax', 0o600)).close()
    const configuration = await configurationElsewhere(dataDirectory, directory)
    const files = [directory, accessFile, logFile, ...Object.values(configuration)]
    if (owner !== undefined) for (const file of files) await chown(file, owner.uid, owner.gid)
    const hasSockets = process.platform !== 'win32'
    const host = hasSockets ? directory : '127.0.0.1'
    const port = hasSockets ? SOCKET_PORT : await findFreePort(host)
    return {
      directory,
      logFile,
      host,
      port,
      settings: {
        ...HARMLESS,
        ...READABLE_LOG,
        ...(await settingsForSlots(dataDirectory)),
        ...(major >= 15 && { log_startup_progress_interval: '1s' }),
        data_directory: dataDirectory,
        listen_addresses: hasSockets ? '' : host,
        unix_socket_directories: hasSockets ? directory : '',
        unix_socket_group: '',
        unix_socket_permissions: '0700',
        port: String(port),
        hba_file: accessFile,
        ...configuration,
      },
      [Symbol.asyncDispose]: remove,
    }
  } catch (thrown) {
    await remove()
    throw mapFileError(thrown, directory, 'write')
  }
}

/**
 * No server starts with replication slots that it has no room for, nor with logical ones at a lower `wal_level`; both may have
 * been said on the command line of the cluster, or elsewhere. Source: PostgreSQL `slot.c`, `RestoreSlotFromDisk`.
 */
async function settingsForSlots(dataDirectory: string): Promise<Readonly<Record<string, string>>> {
  const directory = path.join(dataDirectory, 'pg_replslot')
  const slots = await readdir(directory).catch((thrown: unknown) => {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'list')
  })
  return slots.length === 0 ? {} : { wal_level: 'logical', max_replication_slots: '1000' }
}

/** Some systems keep the configuration outside of the data directory: then a backup has none. */
async function configurationElsewhere(
  dataDirectory: string,
  directory: string,
): Promise<Readonly<Record<string, string>>> {
  try {
    await stat(path.join(dataDirectory, 'postgresql.conf'))
    return {}
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown
    const file = path.join(directory, 'postgresql.conf')
    await writeFile(file, ROOMY_CONFIGURATION, { mode: 0o600 })
    return { config_file: file }
  }
}

async function findFreePort(host: string): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, host, resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : SOCKET_PORT
}
