import type { DrillRecord } from '../../engine/api/contract/drills.ts'
import type { InstanceRef } from '../../engine/api/contract/values.ts'
import { useEngine } from './engine.tsx'
import { useQuery } from './use-query.ts'

const NONE: readonly DrillRecord[] = []

/** The newest restore test of each backup, newest first; none while they are not known, which keeps nobody from anything. */
export function useDrills(instance: InstanceRef): readonly DrillRecord[] {
  const engine = useEngine()
  const drills = useQuery(`latest drills ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['drills.latest']({ catalog: instance.catalog, instance: instance.instance }, { signal }),
  )
  return drills.kind === 'ready' ? drills.value : drills.kind === 'failed' ? (drills.last ?? NONE) : NONE
}
