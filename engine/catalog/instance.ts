import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { formatInstanceConfig, type InstanceConfig, parseInstanceConfig } from '../format/instance-config.ts'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { writeFileDurably } from '../host/durable-file.ts'
import { isLeftoverInstance } from './leftover-instance.ts'
import { archiveDirectory, backupsDirectory, configFile, instanceDirectory } from './paths.ts'

/** Whether a directory has the layout of a catalog. */
export async function isCatalog(directory: string): Promise<boolean> {
  return isDirectory(path.join(directory, 'backups')) && isDirectory(path.join(directory, 'wal'))
}

/**
 * The catalog itself, so that a call can stand in an argument.
 *
 * @throws {EngineError} `catalog.not-found`, `storage.denied`
 */
export async function requireCatalog(catalog: string): Promise<string> {
  try {
    readdirSync(catalog)
  } catch (thrown) {
    if (!isMissing(thrown)) throw mapFileError(thrown, catalog, 'read')
  }
  if (!(await isCatalog(catalog))) {
    throw new EngineError('catalog.not-found', `"${catalog}" is not a backup catalog`, {
      hint: 'Check the path, and whether the disk that it is on is mounted. A catalog holds the directories backups and wal; init starts a new one.',
      facts: { path: catalog },
    })
  }
  return catalog
}

/** The names of the instances of a catalog, sorted. */
export async function listInstances(catalog: string): Promise<readonly string[]> {
  try {
    return readdirSync(backupsDirectory(catalog), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .toSorted()
  } catch (thrown) {
    throw mapFileError(thrown, backupsDirectory(catalog), 'list')
  }
}

/**
 * Reads `pg_probackup.conf` of an instance.
 *
 * @throws {EngineError} `instance.not-found`, `format.damaged` naming the line
 */
export function readInstanceConfig(catalog: string, instance: string): InstanceConfig {
  return parseConfigText(catalog, instance, readText(catalog, instance))
}

/**
 * The text of `pg_probackup.conf` of an instance, for changing it; one that parses.
 *
 * @throws {EngineError} as {@link readInstanceConfig} does; `format.unsupported` for one that is not in UTF-8
 */
export function readConfigText(catalog: string, instance: string): string {
  const bytes = readBytes(catalog, instance)
  const content = bytes.toString('utf8')
  parseConfigText(catalog, instance, content)
  if (!isUtf8(bytes)) {
    throw new EngineError('format.unsupported', `"${configFile(catalog, instance)}" is not in UTF-8`, {
      hint: 'Nothing was changed. Bring the file into UTF-8 first: iconv does that.',
    })
  }
  return content
}

function readText(catalog: string, instance: string): string {
  return readBytes(catalog, instance).toString('utf8')
}

function readBytes(catalog: string, instance: string): Buffer {
  const file = configFile(catalog, instance)
  try {
    return readFileSync(file)
  } catch (thrown) {
    if (!isMissing(thrown)) throw mapFileError(thrown, file, 'read')
    const isThere = isDirectory(instanceDirectory(catalog, instance))
    throw isThere
      ? new EngineError('instance.not-found', `instance "${instance}" has no pg_probackup.conf`, {
          hint: isLeftoverInstance(catalog, instance)
            ? 'Its registration was not finished; delete the instance and add it again.'
            : 'Put the file back; without it nobody knows whose backups these are. Its lines system-identifier and xlog-seg-size are what pg_controldata says of the cluster.',
        })
      : new EngineError('instance.not-found', `the catalog "${catalog}" has no instance "${instance}"`, {
          hint: 'Check the name, or register the cluster with add-instance.',
        })
  }
}

function parseConfigText(catalog: string, instance: string, content: string): InstanceConfig {
  try {
    return parseInstanceConfig(content)
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    throw new EngineError(
      thrown.code,
      `"${configFile(catalog, instance)}" cannot be read: ${thrown.message}`,
      {
        hint: 'Correct that line; set-config writes the file without mistakes.',
        cause: thrown,
      },
    )
  }
}

/**
 * Replaces `pg_probackup.conf`, durably. A new one gets mode 0600, for it names hosts and users; one that is there keeps its
 * mode, and its owner where this process may give files away: the server has to read it for every segment that it archives.
 */
export async function writeConfigText(catalog: string, instance: string, content: string): Promise<void> {
  const file = configFile(catalog, instance)
  const there = statSync(file, { throwIfNoEntry: false })
  await writeFileDurably(file, content, {
    mode: there === undefined ? 0o600 : there.mode & 0o777,
    ...(there !== undefined && process.getuid?.() === 0 && { owner: there }),
  })
}

/** Writes `pg_probackup.conf` of a new instance. */
export async function writeInstanceConfig(
  catalog: string,
  instance: string,
  config: InstanceConfig,
): Promise<void> {
  await writeConfigText(catalog, instance, formatInstanceConfig(config))
}

/** Whether either directory of an instance is there. */
export function hasInstance(catalog: string, instance: string): boolean {
  return isDirectory(instanceDirectory(catalog, instance)) || isDirectory(archiveDirectory(catalog, instance))
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false
}
