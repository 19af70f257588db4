import type { Inventory } from '../../catalog/inventory.ts'
import { treeBytes } from '../../host/tree-bytes.ts'
import type { DeletePlan } from './plan.ts'

/** A plan is looked at by somebody; what is not counted by then is left out. */
const LONGEST_MS = 3000

/**
 * The plan with the sizes of what has none in its control file: that is written when a backup ends, so one that failed says
 * nothing of what it has stored. Its files are counted, for some seconds at most.
 */
export async function measurePlan(
  { backups }: Inventory,
  plan: DeletePlan,
  signal: AbortSignal,
): Promise<DeletePlan> {
  const endsAtMs = performance.now() + LONGEST_MS
  const directories = new Map(
    backups
      .filter(({ control }) => (control?.dataBytes ?? 0) === 0)
      .map(({ id, directory }) => [id, directory]),
  )
  const measured: DeletePlan['backups'][number][] = []
  for (const planned of plan.backups) {
    const directory = directories.get(planned.id)
    const dataBytes =
      directory === undefined ? planned.dataBytes : await treeBytes(directory, endsAtMs, signal)
    measured.push({ ...planned, dataBytes })
  }
  return {
    ...plan,
    backups: measured,
    freedBytes: measured.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
  }
}
