import type { InstanceRef } from '../../engine/api/contract/values.ts'
import type { Route } from './stores.ts'

const KEY = 'tidemark.route'
const OF_INSTANCE = ['overview', 'chains', 'wal', 'retention', 'config', 'drill', 'restore'] as const

/** Where to come back to after a reload of this window: forms and the first steps are not worth it. */
export function keepRoute(storage: Pick<Storage, 'setItem' | 'removeItem'>, route: Route): void {
  const isWorthIt = 'instance' in route || route.screen === 'job' || route.screen === 'jobs'
  if (isWorthIt) storage.setItem(KEY, JSON.stringify(route))
  else storage.removeItem(KEY)
}

/**
 * The place that was kept, if it is there still: an instance out of `known`. Undefined for whatever else is stored, which
 * another version of the window may have written. What was chosen on a screen beyond that is not kept.
 */
export function keptRoute(
  storage: Pick<Storage, 'getItem'>,
  known: readonly InstanceRef[],
): Route | undefined {
  const kept = parsed(storage.getItem(KEY))
  const screen = kept['screen']
  if (screen === 'jobs') return { screen }
  if (screen === 'job') return typeof kept['job'] === 'string' ? { screen, job: kept['job'] } : undefined
  const ofInstance = OF_INSTANCE.find((one) => one === screen)
  if (ofInstance === undefined) return undefined
  const { catalog, instance } = asRecord(kept['instance'])
  const found = known.find((one) => one.catalog === catalog && one.instance === instance)
  if (found === undefined) return undefined
  const at = { instance: { catalog: found.catalog, instance: found.instance } }
  const { selected, backupId } = kept
  if (ofInstance === 'chains' && typeof selected === 'string') return { screen: ofInstance, ...at, selected }
  if ((ofInstance === 'restore' || ofInstance === 'drill') && typeof backupId === 'string')
    return { screen: ofInstance, ...at, backupId }
  return { screen: ofInstance, ...at }
}

function parsed(text: string | null): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(text ?? 'null'))
  } catch {
    return {}
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
