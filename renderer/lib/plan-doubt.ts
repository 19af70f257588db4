/** After so long a plan is looked at again before it is carried out. */
export const PLAN_MS = 10 * 60_000

/** Why a plan may not be carried out unseen: another one took its place, or it was made long ago. */
export type PlanDoubt = 'changed' | 'expired'

/** The plan that was looked at, and when. */
export type SeenPlan = { readonly hash: string; readonly atMs: number }

/** What speaks against carrying out the plan of `hash`, which is shown now; undefined when nothing does. */
export function doubtOf(
  seen: SeenPlan | undefined,
  hash: string | undefined,
  nowMs: number,
): PlanDoubt | undefined {
  if (seen === undefined || hash === undefined) return undefined
  if (hash !== seen.hash) return 'changed'
  return nowMs - seen.atMs >= PLAN_MS ? 'expired' : undefined
}
