import { create } from 'zustand'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { TimeRange } from '../../pictures/time-range.ts'
import type { Moment } from '../../pictures/recovery-timeline.tsx'
import type { MomentChoice } from './moment-choice.ts'
import { FRESH_DRAFT, type RestoreDraft } from './restore-draft.ts'

/** A restore that is being decided. It outlives its screen: who looks something up comes back to it. */
export type PendingRestore = {
  readonly step: number
  readonly draft: RestoreDraft
  /** Undefined until the recovery window is known. */
  readonly choice: MomentChoice | undefined
  /** Where the handle was last: it stays there while what was typed cannot be reached. */
  readonly handle: Moment | undefined
  /** What of the timelines is shown; undefined: everything. */
  readonly range: TimeRange | undefined
  readonly isTable: boolean
  /** This damaged backup is restored all the same; any other one is not. */
  readonly forcedId: string | undefined
}

const FRESH: PendingRestore = {
  step: 0,
  draft: FRESH_DRAFT,
  choice: undefined,
  handle: undefined,
  range: undefined,
  isTable: false,
  forcedId: undefined,
}

const MOST_PENDING = 20
const usePending = create<Readonly<Record<string, PendingRestore>>>()(() => ({}))

/** The restore of an instance, or of one backup of it, and what changes it. */
export function useRestore(
  { catalog, instance }: InstanceRef,
  backupId: string | undefined,
): readonly [PendingRestore, (changes: Partial<PendingRestore>) => void] {
  const key = `${catalog}\n${instance}\n${backupId ?? ''}`
  const pending = usePending((store) => store[key]) ?? FRESH
  return [pending, (changes) => change(key, changes)]
}

function change(key: string, changes: Partial<PendingRestore>): void {
  const all = usePending.getState()
  const others = Object.entries(all).filter(([one]) => one !== key)
  const kept = others.slice(-(MOST_PENDING - 1))
  usePending.setState({ ...Object.fromEntries(kept), [key]: { ...(all[key] ?? FRESH), ...changes } }, true)
}

/** Forgets a restore that was started. */
export function forgetRestore({ catalog, instance }: InstanceRef, backupId: string | undefined): void {
  const key = `${catalog}\n${instance}\n${backupId ?? ''}`
  usePending.setState(
    Object.fromEntries(Object.entries(usePending.getState()).filter(([one]) => one !== key)),
    true,
  )
}
