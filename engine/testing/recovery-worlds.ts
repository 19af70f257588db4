import { backupIdFromSeconds } from '../base/backup-id.ts'
import type { Dice } from './random-world.ts'

// Everything lies on quarters of segments, so that to look at every quarter is to look at every position.
export const SEGMENTS = 11
export const QUARTERS = (SEGMENTS + 2) * 4

/** Timelines, archived segments and backups that were made up. */
export type World = {
  /** Histories as files have them: ancestor and switch point in quarters, oldest first. */
  readonly histories: ReadonlyMap<number, readonly (readonly [timeline: number, at: number])[]>
  readonly timelines: readonly number[]
  /** `timeline/segment`, with the quarters of it that can be read. */
  readonly files: ReadonlyMap<string, number>
  readonly backups: readonly WorldBackup[]
}

export type WorldBackup = {
  readonly id: string
  readonly timeline: number
  readonly isStream: boolean
  readonly start: number
  readonly stop: number
  readonly status: 'OK' | 'DONE' | 'CORRUPT' | 'ERROR'
  readonly parent: string | undefined
}

export function worldOf(dice: Dice): World {
  const histories = new Map<number, readonly (readonly [number, number])[]>()
  const begins = new Map([[1, 0]])
  const lines = new Map<number, readonly (readonly [number, number])[]>([[1, []]])
  const count = 1 + dice.roll(4)
  for (let timeline = 2; timeline <= count; timeline++) {
    const parent = 1 + dice.roll(timeline - 1)
    // Now and then a parent is left before it began, as a server may do.
    const least = Math.max(1, (begins.get(parent) ?? 0) + (dice.roll(3) === 0 ? -3 : 1))
    const at = least + dice.roll(dice.roll(3) === 0 ? 3 : Math.max(1, SEGMENTS * 4 - least))
    const line = [...(lines.get(parent) ?? []), [parent, at] as const]
    lines.set(timeline, line)
    begins.set(timeline, at)
    if (dice.roll(10) > 0) histories.set(timeline, line)
  }
  const files = new Map<string, number>()
  const density = dice.pick([60, 85, 97, 100])
  for (const [timeline, begin] of begins) {
    if (dice.roll(8) === 0) continue
    for (let segment = Math.floor(begin / 4); segment < SEGMENTS; segment++)
      if (dice.roll(100) < density)
        files.set(`${timeline}/${segment}`, dice.roll(12) === 0 ? dice.roll(4) : 4)
  }
  const backups: WorldBackup[] = []
  const backupCount = 2 + dice.roll(7)
  for (let index = 0; index < backupCount; index++) {
    const timeline = 1 + dice.roll(count)
    const begin = begins.get(timeline) ?? 0
    const start = begin + 1 + dice.roll(Math.max(1, SEGMENTS * 4 - begin))
    backups.push({
      id: backupIdFromSeconds(1_000_000_000 + index),
      timeline,
      isStream: dice.roll(2) === 0,
      start,
      stop: start + 1 + dice.roll(6),
      status: dice.pick(['OK', 'OK', 'OK', 'DONE', 'DONE', 'CORRUPT', 'ERROR']),
      parent: dice.roll(3) === 0 ? backups[dice.roll(backups.length + 1)]?.id : undefined,
    })
  }
  return { histories, timelines: [...begins.keys()], files, backups }
}

/** The rule of reachability once more, slowly: every position, every backup, every file, as a server would look. */
export function slowModel({ histories, files, backups, timelines }: World) {
  type Entry = { readonly timeline: number; readonly begin: number; readonly end: number }
  const entriesOf = remembered((timeline: number): readonly Entry[] => {
    const line = histories.get(timeline)
    if (line === undefined) {
      const heir = [...histories].find(([, one]) => one.some(([known]) => known === timeline))?.[1] ?? []
      const index = heir.findIndex(([known]) => known === timeline)
      return [{ timeline, begin: heir[index - 1]?.[1] ?? 0, end: Infinity }]
    }
    return [...line, [timeline, Infinity] as const]
      .map(([one, end], index) => ({ timeline: one, begin: line[index - 1]?.[1] ?? 0, end }))
      .toReversed()
  })
  const ownerOf = (target: number, at: number): number | undefined =>
    entriesOf(target).find(({ begin, end }) => begin <= at && at < end)?.timeline
  const isThere = rememberedAt((target, at): boolean => {
    const owner = ownerOf(target, at)
    const segment = Math.floor(at / 4)
    for (const { timeline, begin } of entriesOf(target)) {
      const quarters = files.get(`${timeline}/${segment}`) ?? 0
      if (segment >= Math.floor(begin / 4) && quarters > at % 4) return true
      if (timeline === owner) return false
    }
    return false
  })
  const isUsable = ({ status, parent }: WorldBackup): boolean => {
    const up = backups.find(({ id }) => id === parent)
    return (
      (status === 'OK' || status === 'DONE') && (parent === undefined || (up !== undefined && isUsable(up)))
    )
  }
  const isOnWay = (target: number, { timeline, stop }: WorldBackup): boolean =>
    ownerOf(target, stop - 1) === timeline
  const hasAll = (target: number, from: number, to: number): boolean => {
    for (let at = from; at < to; at++) if (!isThere(target, at)) return false
    return true
  }
  const onWay = (target: number): readonly WorldBackup[] =>
    backups.filter((backup) => isUsable(backup) && isOnWay(target, backup))
  const isReached = rememberedAt((target, at) =>
    onWay(target).some(
      ({ isStream, start, stop }) => stop <= at && hasAll(target, isStream ? stop : start, at + 1),
    ),
  )
  return {
    isReached,
    isEnd: (target: number, at: number) =>
      onWay(target).some(({ isStream, stop }) => isStream && stop === at),
    isRestorable: (backup: WorldBackup) =>
      isUsable(backup) &&
      timelines.some(
        (target) => isOnWay(target, backup) && (backup.isStream || hasAll(target, backup.start, backup.stop)),
      ),
    isUsable,
    isInLane: (lane: number, at: number) =>
      timelines.some((target) => {
        const [own] = entriesOf(target)
        if (ownerOf(target, at) !== lane || own === undefined) return false
        return Math.floor(own.begin / 4) * 4 <= at && isReached(target, at)
      }),
    isThere,
    ownerOf,
  }
}

export function allFiles({ timelines }: World): World['files'] {
  const files = new Map<string, number>()
  for (const timeline of timelines)
    for (let segment = 0; segment < SEGMENTS; segment++) files.set(`${timeline}/${segment}`, 4)
  return files
}

/** The same answers, each made once. */
function remembered<Result>(answer: (key: number) => Result): (key: number) => Result {
  const answers = new Map<number, Result>()
  return (key) => {
    const known = answers.get(key) ?? answer(key)
    answers.set(key, known)
    return known
  }
}

function rememberedAt(answer: (timeline: number, at: number) => boolean) {
  const lines = remembered((timeline: number) => remembered((at: number) => answer(timeline, at)))
  return (timeline: number, at: number): boolean => lines(timeline)(at)
}
