import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { archiveDirectory } from '../../catalog/paths.ts'
import { filterAutoConf } from '../../format/recovery-settings.ts'
import { isOn, parseServerSettings, type ServerSettings } from '../../format/server-settings.ts'
import { isMissing } from '../../host/file-error.ts'
import { readSmallFile } from '../../host/small-file.ts'
import { line, type PreflightLine } from './preflight.ts'

/** What a server that is started on the restored directory will find there. */
export type StartFacts = {
  /** Of the backup, without what a restore takes out; undefined when its configuration is elsewhere. */
  readonly settings: ServerSettings | undefined
  /** Replication slots that come back with the backup. */
  readonly slots: readonly string[]
  /** It becomes the server of the instance again, rather than one more beside it. */
  readonly isInPlace: boolean
  /** The lines that the restore adds. */
  readonly recoverySettings: string
  readonly archive: { readonly directory: string; readonly instance: string }
}

/** Settings that end a recovery elsewhere than asked, or delete WAL meanwhile. Source: PostgreSQL `xlogrecovery.c`. */
const RECOVERY_SETTING = /^(?:recovery_target(?:_\w+)?|recovery_end_command|archive_cleanup_command)$/

/**
 * Reads the configuration of a backup and its slots. `directories` are those of the chain, newest first: an increment has
 * only the files that changed.
 */
export async function readStartFacts(
  directories: readonly string[],
  known: {
    readonly catalog: string
    readonly instance: string
    readonly isInPlace: boolean
    readonly recoverySettings: string
  },
): Promise<StartFacts> {
  const read = (name: string): string | undefined => {
    for (const directory of directories) {
      try {
        return readSmallFile(path.join(directory, 'database', name))
      } catch (thrown) {
        if (!isMissing(thrown)) return undefined
      }
    }
    return undefined
  }
  const main = read('postgresql.conf')
  const auto = filterAutoConf(read('postgresql.auto.conf') ?? '')
  return {
    settings: main === undefined ? undefined : parseServerSettings([main, auto]),
    slots: await slotsIn(directories[0]),
    isInPlace: known.isInPlace,
    recoverySettings: known.recoverySettings,
    archive: {
      directory: archiveDirectory(known.catalog, known.instance),
      instance: known.instance,
    },
  }
}

async function slotsIn(directory: string | undefined): Promise<readonly string[]> {
  if (directory === undefined) return []
  const place = path.join(directory, 'database', 'pg_replslot')
  const found = await readdir(place, { withFileTypes: true }).catch(() => [])
  return found.filter((one) => one.isDirectory()).map(({ name }) => name)
}

/** What would be otherwise than whoever starts the server expects: settings left over, archiving, slots. Pure. */
export function startLines(facts: StartFacts): readonly PreflightLine[] {
  const { settings, slots } = facts
  const lines = [
    ...(settings === undefined
      ? [line('configuration', 'unknown', 'configuration-elsewhere', {}, 'look-at-configuration')]
      : [...leftoverLines(settings, facts), archivingLine(settings, facts)]),
    ...(slots.length === 0
      ? []
      : [line('configuration', 'warning', 'slots-restored', { names: slots.join(', ') }, 'drop-slots')]),
  ]
  return lines
}

function leftoverLines(
  { values }: ServerSettings,
  { recoverySettings }: StartFacts,
): readonly PreflightLine[] {
  const own = parseServerSettings([recoverySettings]).values
  const names = [...values]
    .filter(([name, value]) => RECOVERY_SETTING.test(name) && value !== '' && !own.has(name))
    .map(([name]) => name)
  return names.length === 0
    ? [line('configuration', 'ok', 'leftovers-none', {})]
    : [line('configuration', 'warning', 'leftover-settings', { names: names.join(', ') }, 'remove-leftovers')]
}

function archivingLine({ values, hasIncludes }: ServerSettings, facts: StartFacts): PreflightLine {
  const { isInPlace, archive } = facts
  const mode = values.get('archive_mode')
  const command = values.get('archive_command') || values.get('archive_library')
  if ((!isOn(mode) && mode?.toLowerCase() !== 'always') || command === undefined || command === '')
    return hasIncludes
      ? line('configuration', 'unknown', 'configuration-includes', {}, 'look-at-configuration')
      : line('configuration', 'ok', 'archives-nothing', {})
  if (isInPlace) return line('configuration', 'ok', 'archives-on', { command })
  return line(
    'configuration',
    'warning',
    isInto(command, archive) ? 'archives-same' : 'archives-elsewhere',
    { command },
    'archiving-off',
  )
}

/** Whether a command archives into the archive that the restore reads from. */
function isInto(command: string, { directory, instance }: StartFacts['archive']): boolean {
  if (command.includes(directory)) return true
  const names = new RegExp(String.raw`--instance[= ]['"]?${RegExp.escape(instance)}(?![\w-])`)
  return command.includes('archive-push') && names.test(command)
}
