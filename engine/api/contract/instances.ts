import * as z from 'zod'
import type { WireError } from '../../base/engine-error.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import { command, query } from '../define.ts'
import {
  instanceName,
  instanceRef,
  type InstanceRef,
  pathText,
  planHash,
  type Sentence,
  serverAddress,
  type Severity,
} from './values.ts'

/** One day of the history strip: the worst that happened. `none` = no job ran that day. */
export type DayMark = {
  /** `2026-11-20`, in the engine machine's zone. */
  readonly day: string
  readonly outcome: 'ok' | 'failed' | 'running' | 'none'
  readonly backupCount: number
}

/** What can be restored, and what stands in the way. Only backups with status OK or DONE and a whole chain count. */
export type Protection = {
  readonly severity: Severity
  /**
   * `protected`, `unchecked` (newest is DONE), `last-failed`, `damaged`, `drill-failed`, `no-backup`, `stale-running`,
   * `unreadable`.
   */
  readonly sentence: Sentence
  readonly newestRestorable: IsoTime | undefined
  readonly oldestRestorable: IsoTime | undefined
}

/** One instance in the sidebar. */
export type FleetEntry = InstanceRef & {
  readonly protection: Protection
  /** Major version of the newest backup, `"17"`. */
  readonly serverVersion: string | undefined
  readonly backupCount: number
  readonly storedBytes: number
  /** Fourteen days, oldest first. */
  readonly strip: readonly DayMark[]
}

/** One catalog in the sidebar. `problem` is set when it cannot be read. */
export type FleetCatalog = {
  readonly path: string
  readonly instances: readonly FleetEntry[]
  readonly problem: WireError | undefined
}

/** Everything the overview of an instance says without asking the server. */
export type InstanceOverview = FleetEntry & {
  readonly dataDirectory: string | undefined
  readonly systemIdentifier: string | undefined
  readonly connection: {
    readonly host: string | undefined
    readonly port: string | undefined
    readonly user: string | undefined
    readonly database: string | undefined
  }
  readonly externalDirs: readonly string[]
  readonly chainCount: number
  readonly walBytes: number
  /** At most five things to do, worst first. */
  readonly todo: readonly {
    readonly severity: Severity
    readonly sentence: Sentence
    readonly backupId: string | undefined
    /** What the last drill found wrong, a code of `drill-notes.ts`; only where one failed. */
    readonly finding?: Sentence
  }[]
}

/** What the running server says of itself. */
export type ServerStatus = {
  readonly product: string
  readonly version: string
  readonly major: number
  readonly role: 'primary' | 'standby'
  readonly dataDirectory: string | undefined
  readonly systemIdentifier: string
  readonly timeline: number
  readonly hasChecksums: boolean
  readonly walLevel: string
  readonly archiveMode: string
  readonly databases: readonly string[]
  readonly tablespaces: readonly { readonly name: string; readonly location: string }[]
  readonly missingRights: readonly { readonly what: string; readonly sql: string }[]
  /** False when the server is another cluster than the instance was registered for. */
  readonly isRegisteredCluster: boolean
}

/** What to do about a line of a probe: the window has a text for each. */
export type ProbeHint =
  | 'needs-archive'
  | 'let-superuser-run'
  | 'enable-checksums'
  | 'restart-server'
  | 'no-moments-between'
  | 'give-data-directory'
  | 'give-this-servers-directory'
  | 'run-as-owner'
  | 'other-name'

/** One line of a probe: what was looked at, how it stands, and what to do about it. */
export type ProbeLine = {
  readonly code:
    | 'connect'
    | 'version'
    | 'role'
    | 'data-directory'
    | 'identity'
    | 'replication'
    | 'rights'
    | 'checksums'
    | 'wal-level'
    | 'archive'
    | 'tablespaces'
    | 'catalog'
    | 'name'
  readonly state: 'ok' | 'warning' | 'failed'
  readonly sentence: Sentence
  readonly hint: ProbeHint | undefined
  /** The failure that the line tells of, with advice of its own; undefined where nothing failed. */
  readonly failure: WireError | undefined
  /** Something to copy that mends it: SQL or a line of pg_hba.conf. */
  readonly remedy: string | undefined
}

export type ProbeReport = {
  readonly lines: readonly ProbeLine[]
  /** Whether the instance can be added as asked. */
  readonly canAdd: boolean
  readonly server: ServerStatus | undefined
  readonly dataDirectory: string | undefined
  readonly suggestedName: string
}

/** Several times as many as there are. */
const MOST_CONFIG_KEYS = 200

const connection = serverAddress.extend({
  sslMode: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']).optional(),
})

/** How to reach a server; empty fields follow `PG*` of the environment and libpq's defaults. */
export type ConnectionInput = z.input<typeof connection>

/** Keys of `pg_probackup.conf` with values as on the command line. */
const configValues = z
  .record(z.string().max(100), z.string().max(65_536))
  .refine((values) => Object.keys(values).length <= MOST_CONFIG_KEYS, 'names too many keys')

export const instances = {
  /** Worst first within a catalog. */
  'fleet.list': query<readonly FleetCatalog[]>()(z.strictObject({})),
  'catalogs.create': command<{ readonly path: string }>()(z.strictObject({ path: pathText })),
  'catalogs.open': command<{ readonly path: string; readonly instances: readonly string[] }>()(
    z.strictObject({ path: pathText }),
  ),
  /** Takes the catalog out of the list; its files stay. */
  'catalogs.forget': command<{ readonly path: string }>()(z.strictObject({ path: pathText })),
  'instances.overview': query<InstanceOverview>()(z.strictObject(instanceRef)),
  'instances.server': query<ServerStatus>()(z.strictObject(instanceRef)),
  /** Looks and changes nothing. The password is used for this call and not kept. */
  'instances.probe': query<ProbeReport>()(
    z.strictObject({
      catalog: pathText.optional(),
      instance: instanceName.optional(),
      connection,
      password: z.string().max(4096).optional(),
      dataDirectory: pathText.optional(),
    }),
  ),
  /** Registers a cluster. With `createCatalog` a missing catalog is made first. The password goes to the secret store. */
  'instances.add': command<InstanceRef>()(
    z.strictObject({
      ...instanceRef,
      createCatalog: z.boolean().optional(),
      /** Read from the server when it is left out. */
      dataDirectory: pathText.optional(),
      connection: connection.optional(),
      password: z.string().max(4096).optional(),
      config: configValues.optional(),
    }),
  ),
  /** Deletes every backup and all archived WAL of the instance. `typedName` must equal the name. */
  'instances.remove': command<{ readonly deletedBackups: number }>()(
    z.strictObject({ ...instanceRef, typedName: z.string() }),
  ),
  'instances.set-password': command<{ readonly isKept: boolean }>()(
    z.strictObject({ ...instanceRef, password: z.string().max(4096).optional() }),
  ),
  /** Keys that are set or have a default, in the order and groups of `show-config`. */
  'instances.config': query<readonly ConfigEntry[]>()(z.strictObject(instanceRef)),
  /** Every key, set or not, with what a form needs to edit it; in the same order and groups. */
  'instances.settings': query<InstanceSettings>()(z.strictObject(instanceRef)),
  /** What saving would change in the file, and what is wrong with single values. Changes nothing. */
  'instances.plan-config': query<ConfigPlanRecord>()(
    z.strictObject({ ...instanceRef, values: configValues }),
  ),
  /**
   * Values as on the command line (`5min`, `10MB`); an empty text takes the key out, so that its default holds. Other
   * lines of the file stay as they are. With the hash of a plan exactly that is saved, or refused with `plan.stale`. A
   * value that cannot be saved is `value.malformed` with its key, and nothing is saved then.
   */
  'instances.change-config': command<readonly ConfigEntry[]>()(
    z.strictObject({ ...instanceRef, values: configValues, hash: planHash.optional() }),
  ),
}

/** What `pg_probackup.conf` of an instance says, for a screen that edits it. */
export type InstanceSettings = {
  readonly settings: readonly InstanceSetting[]
  /** Lines whose keys this version does not know; they stay as they are. */
  readonly kept: readonly KeptSetting[]
}

export type KeptSetting = {
  readonly key: string
  /** Counted from 1. */
  readonly line: number
  /** Undefined for what may be a secret. */
  readonly value: string | undefined
  readonly onlyIn: 'gs_probackup' | undefined
}

/** What saving settings would do. */
export type ConfigPlanRecord = {
  readonly hash: string
  /** Lines of the file that go and come, in its order. */
  readonly lines: readonly { readonly kind: 'gone' | 'new'; readonly text: string }[]
  /** Keys whose values would be others than now. */
  readonly changed: readonly string[]
  /** Values that cannot be saved. */
  readonly problems: readonly { readonly key: string; readonly error: WireError }[]
}

/** One key of `pg_probackup.conf`, for editing. Values are as on the command line: `5min`. */
export type InstanceSetting = {
  readonly group: string
  readonly key: string
  /** What stands in the file; undefined when the default holds. */
  readonly own: string | undefined
  readonly defaultValue: string | undefined
  /** The value differs from what holds without it: a screen marks it. */
  readonly isOverridden: boolean
  /** Found out when the instance is added; cannot be changed. */
  readonly isFixed: boolean
  /** The other tool of the family stops at a file that has it. */
  readonly onlyIn: 'pg_probackup' | undefined
  readonly kind: 'text' | 'path' | 'path-list' | 'choice' | 'number'
  /** The words to choose from; what stands in the file may be another one. */
  readonly choices: readonly string[]
  /** Of a number, in `unit`. The largest may be beyond what a number of JavaScript tells exactly. */
  readonly least: number | undefined
  readonly most: number | undefined
  /** What a bare number counts; undefined for one that counts things, or bytes. */
  readonly unit: 'seconds' | 'milliseconds' | 'kilobytes' | undefined
}

/** One line of `show-config`. */
export type ConfigEntry = {
  readonly group: string
  readonly key: string
  /** In the largest unit that divides evenly, `5min`. */
  readonly value: string
  /** In base units, `300`. */
  readonly baseValue: string
  readonly isNumber: boolean
  /** It is in the file. */
  readonly isSet: boolean
  /** What a value follows from that is neither in the file nor a plain default. `environment`: or the user of the system. */
  readonly derivedFrom?: 'environment' | 'remote-host'
}
