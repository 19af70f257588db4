import { type Figure, type KnownRange, type Range, scaled, spanOf } from '../../base/figures.ts'
import type { Run } from '../../base/run.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { freeBytes } from '../../host/disk.ts'
import { isPaged } from '../steps/stored-versions.ts'
import { membersOf, readMember } from './members.ts'
import { type MergePlan, type MergeRequest, requireMergePlan } from './plan.ts'
import { roomOfMerge } from './room.ts'
import { type Member, planMergeWork } from './work-list.ts'

/** A merge that went through from its beginning. */
export type PastMerge = {
  /** Stored bytes of all that took part: they are read to be checked. */
  readonly memberBytes: number
  readonly seconds: number
}

/** What carrying out a plan would come to. */
export type MergeOutlook = {
  /** Of the plan that it is about. */
  readonly hash: string
  /** Room that is free for this user on the disk of the catalog; undefined where that cannot be told. */
  readonly freeBytes: number | undefined
  /** Room that the merge takes at its fullest, before the increments are deleted. */
  readonly neededBytes: Figure
  /** `short`: there is certainly too little; `close`: there may be. */
  readonly room: 'enough' | 'close' | 'short' | 'unknown'
  readonly seconds: Figure
}

/** As many of the newest merges tell what the next one will be like. */
const HISTORY_LENGTH = 3

/**
 * Looks at what a merge would take, without starting anything: the lists of files of all that takes part are read.
 * `past` are earlier merges in this catalog, newest first.
 *
 * @throws {EngineError} what {@link requireMergePlan} throws; `backup.damaged` for a list that cannot be read
 */
export async function readMergeOutlook(
  input: {
    readonly catalog: string
    readonly instance: string
    readonly request: MergeRequest
    readonly threads: number
    readonly past: readonly PastMerge[]
  },
  run: Pick<Run, 'signal'>,
): Promise<MergeOutlook> {
  const inventory = await readInventory(input.catalog, input.instance, run)
  const plan = requireMergePlan(inventory, input.request)
  const backups = membersOf(inventory, plan)
  const [full] = backups
  const free = full === undefined ? undefined : await freeBytes(full.directory)
  // All that is left is deleting.
  if (plan.stage === 'finish') {
    const neededBytes: Figure = { kind: 'about', low: 0, high: 0, bases: [] }
    return { hash: plan.hash, freeBytes: free, neededBytes, room: 'enough', seconds: { kind: 'unknown' } }
  }
  const members: Member[] = []
  for (const backup of backups) {
    run.signal.throwIfAborted()
    members.push(await readMember(backup))
  }
  const needed = neededRoom(members, plan, input.threads)
  return {
    hash: plan.hash,
    freeBytes: free,
    neededBytes: { kind: 'about', ...needed, bases: [{ kind: 'lists', count: members.length }] },
    room: judgeRoom(needed, free),
    seconds: plan.stage === 'start' ? estimateSeconds(input.past, memberBytesOf(plan)) : { kind: 'unknown' },
  }
}

/** Bytes of room that the merge takes at its fullest. `members` begin with the FULL. Pure. */
export function neededRoom(members: readonly Member[], { stage }: MergePlan, threads: number): Range {
  const isResumed = stage === 'resume'
  const work = planMergeWork(members.toReversed(), isResumed)
  const entries = members.at(-1)?.entries ?? []
  const blockCount = entries.reduce((sum, entry) => sum + (isPaged(entry) ? entry.blockCount : 0), 0)
  return roomOfMerge(
    work.files.map(({ room }) => room),
    { entryCount: entries.length, blockCount },
    { threads, isResumed },
  )
}

/** Whether so much room will do. Pure. */
export function judgeRoom(needed: Range, free: number | undefined): MergeOutlook['room'] {
  if (free === undefined) return 'unknown'
  if (free < needed.low) return 'short'
  return free < needed.high ? 'close' : 'enough'
}

/** Stored bytes of all that takes part. */
export function memberBytesOf({ members }: MergePlan): number {
  return members.reduce((sum, { dataBytes }) => sum + dataBytes, 0)
}

/** How long, as far as earlier merges tell: checking reads all that takes part, and takes most of the time. Pure. */
export function estimateSeconds(past: readonly PastMerge[], memberBytes: number): Figure {
  const newest = past.filter((one) => one.memberBytes > 0).slice(0, HISTORY_LENGTH)
  const range = spanOf(newest.map((one) => scaled(one.seconds, memberBytes / one.memberBytes)))
  if (range === undefined) return { kind: 'unknown' }
  const known: KnownRange = { ...range, bases: [{ kind: 'merges', count: newest.length }] }
  return { kind: 'about', ...known }
}
