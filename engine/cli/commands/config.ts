import type { ConfigEntry } from '../../api/contract/instances.ts'
import { type Command, EXIT } from '../context.ts'
import { formatJson } from '../json-text.ts'
import { collectSettings } from '../settings.ts'

/** Saves the settings that were given; the others stay as they are. */
export const setConfig: Command = async ({ client, given, log, signal }) => {
  const ref = given.requireInstance()
  const values = collectSettings(given)
  const keys = Object.keys(values)
  if (keys.length === 0) {
    log.info('no setting was given, so nothing was changed')
    return EXIT.success
  }
  await client['instances.change-config']({ ...ref, values }, { signal })
  log.info(`saved for ${ref.instance}: ${keys.join(', ')}`)
  return EXIT.success
}

/** Prints the settings, saved ones and defaults, which are marked in what people read. Source: `catalog-format.md` section 14.3. */
export const showConfig: Command = async ({ client, given, signal, world }) => {
  const entries = await client['instances.config'](given.requireInstance(), { signal })
  const isBase = given.has('no-scale-units')
  const shown = entries.map((entry) => ({ ...entry, value: isBase ? entry.baseValue : entry.value }))
  if (given.choice('format') === 'json') {
    // In base units pg_probackup 2.5.16 prints numbers, else texts alone.
    const pairs = shown.map(({ key, value, isNumber }) => [key, isBase && isNumber ? BigInt(value) : value])
    world.writeOut(formatJson(Object.fromEntries(pairs)))
    return EXIT.success
  }
  let group: string | undefined
  for (const entry of shown) {
    if (entry.group !== group) world.writeOut(`# ${entry.group}\n`)
    group = entry.group
    world.writeOut(`${entry.key} = ${entry.value}${originOf(entry)}\n`)
  }
  return EXIT.success
}

/** A comment as the file itself may have it, so that what reads one reads the other. */
function originOf({ isSet, derivedFrom }: ConfigEntry): string {
  if (isSet) return ''
  return derivedFrom === undefined ? '  # default' : `  # from ${ORIGINS[derivedFrom]}`
}

const ORIGINS = { environment: 'the environment', 'remote-host': 'remote-host' } as const
