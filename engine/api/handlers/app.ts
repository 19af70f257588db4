import { access, constants, readdir } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { isCatalog } from '../../catalog/instance.ts'
import { mapFileError } from '../../host/file-error.ts'
import type { EngineContext } from '../context.ts'
import type { app as contract, DirectoryListing } from '../contract/app.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import { VERSION } from '../version.ts'

const MOST_ENTRIES = 2000

export function appHandlers({
  env,
  secrets,
  state,
  changes,
  transport,
}: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'app.info': async () => ({
      version: VERSION,
      nodeVersion: process.version,
      platform: process.platform,
      osUser: osUser(),
      transport,
      secretStore: secrets.kind,
      defaultCatalog: env['BACKUP_PATH'],
      defaultDataDirectory: env['PGDATA'],
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
    'app.settings': async () => state.settings,
    'app.change-settings': async (asked) => {
      const settings = await state.changeSettings(asked as Partial<typeof state.settings>)
      changes.tell('settings')
      return settings
    },
    'app.changes': (_, { signal }) => changes.watch(signal),
    'host.browse': async ({ path: asked }) => await browse(asked ?? os.homedir()),
  }
}

async function browse(directory: string): Promise<DirectoryListing> {
  const found = await readdir(directory, { withFileTypes: true }).catch((thrown: unknown) => {
    throw mapFileError(thrown, directory, 'list')
  })
  const parent = path.dirname(directory)
  const isWritable = await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  )
  const names = new Set(found.map(({ name }) => name))
  return {
    path: directory,
    parent: parent === directory ? undefined : parent,
    entries: found
      .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() || entry.isSymbolicLink() }))
      .sort((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || a.name.localeCompare(b.name))
      .slice(0, MOST_ENTRIES),
    isWritable,
    isCatalog: await isCatalog(directory),
    isDataDirectory: names.has('PG_VERSION') && names.has('global'),
  }
}

/** A user without an entry in the password file has a number and no name. */
function osUser(): string {
  try {
    return os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
