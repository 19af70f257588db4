import { excludedDatabases } from './databases.ts'
import { restoredBytes } from '../steps/stored-versions.ts'
import { externalPlaces, mapped } from './places.ts'
import { clearingOf } from './plan.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import { planWalCopy } from './wal-copy.ts'

/** What a place needs, in bytes: at most so much, since files that are there may turn out to be the same. */
export type PlaceNeed = { readonly path: string; readonly needBytes: number }

const TABLESPACE = /^pg_tblspc\/(\d+)\//

/** What each place of a restore needs: the data directory first, then tablespaces, then external directories. */
export function placeNeeds(input: RestoreInput, facts: RestoreFacts): readonly PlaceNeed[] {
  const excluded = new Set(excludedDatabases(input.databases, facts.databaseMap).map(({ oid }) => oid))
  const tablespaces = new Map(
    facts.tablespaces.map(({ oid, path }) => [oid, mapped(path, input.tablespaceMapping)]),
  )
  const externals = externalPlaces(input, facts).map(({ to }) => to)
  const needs = new Map<string, number>(
    [input.dataDirectory, ...tablespaces.values(), ...externals].map((path) => [path, 0]),
  )
  for (const entry of facts.chain[0]?.entries ?? []) {
    const { path, externalDirNumber, databaseOid } = entry
    if (externalDirNumber === 0 && excluded.has(databaseOid)) continue
    const oid = externalDirNumber === 0 ? TABLESPACE.exec(path)?.[1] : undefined
    const place =
      externalDirNumber === 0
        ? (tablespaces.get(Number(oid)) ?? input.dataDirectory)
        : externals[externalDirNumber - 1]
    if (place !== undefined) needs.set(place, (needs.get(place) ?? 0) + restoredBytes(entry))
  }
  // What is there already is mostly in the data directory; where it is not, more is asked for than needed.
  const { keptBytes, bytes } = clearingOf(input, facts)
  const own = needs.get(input.dataDirectory) ?? 0
  needs.set(input.dataDirectory, Math.max(0, own - keptBytes - bytes))
  const walPlace = input.walDirectory ?? input.dataDirectory
  const walBytes = planWalCopy(input, facts)?.bytes ?? 0
  if (walBytes > 0) needs.set(walPlace, (needs.get(walPlace) ?? 0) + walBytes)
  return [...needs].map(([path, needBytes]) => ({ path, needBytes }))
}
