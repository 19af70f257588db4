import * as z from 'zod'
import { command, query, stream } from '../define.ts'
import { pathText } from './values.ts'

/** Who is answering. */
export type AppInfo = {
  readonly version: string
  readonly nodeVersion: string
  readonly platform: string
  /** The operating system user that reads and writes files. */
  readonly osUser: string
  readonly transport: 'electron' | 'web' | 'local'
  /** Where passwords are kept: `none` means that they are forgotten when the application ends. */
  readonly secretStore: 'keyring' | 'memory'
  /** Offered as the catalog in forms: `BACKUP_PATH` of the environment. */
  readonly defaultCatalog: string | undefined
  /** Offered as the data directory in forms: `PGDATA`. */
  readonly defaultDataDirectory: string | undefined
  /** The time zone of this machine, IANA name. */
  readonly timeZone: string
}

/** What a user chose about the window. `system` follows the machine. */
export type Settings = {
  readonly language: 'system' | 'en' | 'zh-CN'
  readonly theme: 'system' | 'light' | 'dark'
  /** `computer`, `utc` or an IANA name. */
  readonly timeZone: string
  readonly density: 'comfortable' | 'compact'
}

/** Something in a catalog changed; whoever shows it asks again. */
export type Change = {
  readonly subject: 'fleet' | 'instance' | 'settings'
  readonly catalog: string | undefined
  readonly instance: string | undefined
}

/** One entry of a directory of the engine's machine, for choosing paths without a native dialog. */
export type DirectoryEntry = { readonly name: string; readonly isDirectory: boolean }
export type DirectoryListing = {
  readonly path: string
  readonly parent: string | undefined
  readonly entries: readonly DirectoryEntry[]
  readonly isWritable: boolean
  /** Whether it has the layout of a backup catalog. */
  readonly isCatalog: boolean
  /** Whether it has the layout of a PostgreSQL data directory. */
  readonly isDataDirectory: boolean
}

export const app = {
  'app.info': query<AppInfo>()(z.strictObject({})),
  'app.settings': query<Settings>()(z.strictObject({})),
  'app.change-settings': command<Settings>()(
    z.strictObject({
      language: z.enum(['system', 'en', 'zh-CN']).optional(),
      theme: z.enum(['system', 'light', 'dark']).optional(),
      timeZone: z.string().max(64).optional(),
      density: z.enum(['comfortable', 'compact']).optional(),
    }),
  ),
  'app.changes': stream<Change>()(z.strictObject({})),
  /** Directories first, by name; at most 2,000 entries. An absent path means the home directory. */
  'host.browse': query<DirectoryListing>()(z.strictObject({ path: pathText.optional() })),
}
