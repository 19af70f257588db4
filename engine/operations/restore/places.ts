import { resolve } from 'node:path'
import { decideIncremental, type IncrementalDecision, isOwnPlace } from './incremental.ts'
import type { Links } from './clearing.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import { WAL_DIRECTORIES } from './work-list.ts'

/** Every place that a restore writes to: the data directory, tablespaces, external directories. */
export function placesOf(
  input: RestoreInput,
  { tablespaces, externalDirs }: Pick<RestoreFacts, 'tablespaces' | 'externalDirs'>,
): readonly string[] {
  return [
    input.dataDirectory,
    ...tablespaces.map(({ path }) => mapped(path, input.tablespaceMapping)),
    ...(input.walDirectory === undefined ? [] : [input.walDirectory]),
    ...externalPlaces(input, { externalDirs }).map(({ to }) => to),
  ]
}

/** In the order of their numbers. */
export function externalPlaces(
  input: RestoreInput,
  { externalDirs }: Pick<RestoreFacts, 'externalDirs'>,
): readonly { readonly from: string; readonly to: string }[] {
  if (input.skipsExternal) return []
  return externalDirs.map((from) => ({ from, to: mapped(from, input.externalMapping) }))
}

/** Links that the data directory is to have, and where they lead. */
export function linksOf(
  input: RestoreInput,
  { tablespaces, chain }: Pick<RestoreFacts, 'tablespaces' | 'chain'>,
): Links {
  const links = new Map(
    tablespaces.map(({ oid, path }) => [`pg_tblspc/${oid}`, resolve(mapped(path, input.tablespaceMapping))]),
  )
  const wal = chain[0]?.entries.find(
    ({ path, externalDirNumber }) => externalDirNumber === 0 && WAL_DIRECTORIES.has(path),
  )
  if (input.walDirectory !== undefined && wal !== undefined) links.set(wal.path, resolve(input.walDirectory))
  return links
}

/** Places that are emptied before, as was forced: they hold something, and it is not of this cluster. */
export function wipedPlaces(
  input: RestoreInput,
  facts: Pick<
    RestoreFacts,
    'tablespaces' | 'externalDirs' | 'chain' | 'targets' | 'destination' | 'systemIdentifier'
  >,
): readonly string[] {
  if (!input.isForced || input.incrementalMode === 'none') return []
  const decision = decideIncremental(input, facts)
  const links = linksOf(input, facts)
  const own = new Set([
    ...[...links.values()].filter((to) => isOwnPlace(to, decision, { links, ...facts })),
    ...externalPlaces(input, facts)
      .filter(({ from, to }) => isOwnExternal(from, to, decision))
      .map(({ to }) => resolve(to)),
  ])
  return placesOf(input, facts).filter((place) => {
    if (facts.targets.get(place)?.kind !== 'occupied') return false
    return place === input.dataDirectory ? decision?.isWiped === true : !own.has(resolve(place))
  })
}

/** Source: `catalog-format.md` section 10.3. */
export function isOwnExternal(from: string, to: string, decision: IncrementalDecision | undefined): boolean {
  if (decision === undefined || decision.mode === 'none') return false
  return samePath(from, to) || decision.continues?.places.some((place) => samePath(place, to)) === true
}

export function mapped(path: string, mapping: RestoreInput['tablespaceMapping']): string {
  return mapping.find(({ from }) => samePath(from, path))?.to ?? path
}

export function samePath(a: string, b: string): boolean {
  return a.replace(/(?<=.)\/+$/, '') === b.replace(/(?<=.)\/+$/, '')
}
