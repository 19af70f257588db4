import { existsSync, readdirSync } from 'node:fs'
import { isMissing, mapFileError } from '../host/file-error.ts'
import { archiveDirectory, configFile, instanceDirectory } from './paths.ts'

/** Whether a file of an instance's directory is a lock or a draft of a process that died. */
export function isOwnLeftover(name: string): boolean {
  return name.startsWith('.tidemark-') || /^pg_probackup\.conf(?:\.\d+-\d+)?\.tmp$/.test(name)
}

/**
 * Whether nothing but empty directories is left of an instance: no settings, no backup, no WAL. A registration that died
 * leaves that, and a deletion, of the reference tools as well.
 *
 * @throws {EngineError} `storage.*`
 */
export function isLeftoverInstance(catalog: string, instance: string): boolean {
  if (existsSync(configFile(catalog, instance))) return false
  return [instanceDirectory(catalog, instance), archiveDirectory(catalog, instance)].every((directory) =>
    namesIn(directory).every(isOwnLeftover),
  )
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (thrown) {
    if (isMissing(thrown)) return []
    throw mapFileError(thrown, directory, 'list')
  }
}
