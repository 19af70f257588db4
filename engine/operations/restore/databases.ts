import { EngineError } from '../../base/engine-error.ts'
import type { DatabaseMapEntry } from '../../format/database-map.ts'

/** Which databases of the cluster are wanted, by their names when the backup was taken. */
export type DatabaseChoice = {
  /** `include`: those and the templates; `exclude`: all others. */
  readonly kind: 'include' | 'exclude'
  readonly names: readonly string[]
}

/**
 * The databases that a partial restore leaves out. The map has no templates: they are always restored, for no session
 * can start without what is in `template1`. Pure. Source: `catalog-format.md` section 4.7.
 *
 * @throws {EngineError} `plan.refused` when the backup has no map, a name is not in it, or nothing would be left out.
 */
export function excludedDatabases(
  choice: DatabaseChoice | undefined,
  map: readonly DatabaseMapEntry[] | undefined,
): readonly DatabaseMapEntry[] {
  if (choice === undefined) return []
  if (map === undefined || map.length === 0) {
    throw refused(
      'the backup has no list of its databases',
      'Restore the whole cluster. Lists are kept when the role of the backup may read pg_database.',
    )
  }
  const unknown = choice.names.find((name) => !map.some((one) => one.name === name))
  if (unknown !== undefined) {
    throw refused(
      `the backup has no database "${unknown}"`,
      `It has: ${map.map(({ name }) => name).join(', ')}. The templates are always restored.`,
    )
  }
  const isNamed = ({ name }: DatabaseMapEntry): boolean => choice.names.includes(name)
  const excluded = map.filter((one) => isNamed(one) === (choice.kind === 'exclude'))
  if (excluded.length > 0) return excluded
  throw refused(
    'the choice of databases leaves none out',
    'Restore the whole cluster, or name fewer databases.',
  )
}

function refused(message: string, hint: string): EngineError {
  return new EngineError('plan.refused', message, { hint })
}
