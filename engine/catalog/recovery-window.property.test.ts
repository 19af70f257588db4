import { expect, test } from 'vitest'
import { backupIdFromSeconds } from '../base/backup-id.ts'
import { formatLsn, type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { madeBackup, madeInventory } from '../testing/made-catalog.ts'
import { type MadeTimeline, MADE_SEGMENT_BYTES, madeWalArchive } from '../testing/made-wal-archive.ts'
import { type Dice, diceOf } from '../testing/random-world.ts'
import type { RecoveryInput, SegmentDefect } from './recovery-input.ts'
import { recoveryModel } from './recovery-model.ts'
import { judgeMoment } from './recovery-moment.ts'
import { windowOf } from './recovery-window.ts'

// Everything lies on quarters of segments, so that to look at every quarter is to look at every position.
const QUARTER = BigInt(MADE_SEGMENT_BYTES / 4)
const SEGMENTS = 11
const QUARTERS = (SEGMENTS + 2) * 4
const ROUNDS = 60

type World = {
  /** Histories as files have them: ancestor and switch point in quarters, oldest first. */
  readonly histories: ReadonlyMap<number, readonly (readonly [timeline: number, at: number])[]>
  readonly timelines: readonly number[]
  /** `timeline/segment`, with the quarters of it that can be read. */
  readonly files: ReadonlyMap<string, number>
  readonly backups: readonly WorldBackup[]
}

type WorldBackup = {
  readonly id: string
  readonly timeline: number
  readonly isStream: boolean
  readonly start: number
  readonly stop: number
  readonly status: 'OK' | 'DONE' | 'CORRUPT' | 'ERROR'
  readonly parent: string | undefined
}

function worldOf(dice: Dice): World {
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

function inputOf({ histories, timelines, files, backups }: World): RecoveryInput {
  const made: Record<number, MadeTimeline> = {}
  const defects: SegmentDefect[] = []
  for (const timeline of timelines) {
    const segments: number[] = []
    for (let segment = 0; segment < SEGMENTS; segment++) {
      const quarters = files.get(`${timeline}/${segment}`)
      if (quarters === undefined) continue
      segments.push(segment)
      if (quarters === 4) continue
      const soundTo = quarters === 0 ? undefined : lsnAt(segment * 4 + quarters)
      defects.push({ timeline, number: BigInt(segment), kind: 'damaged', soundTo })
    }
    const history = histories.get(timeline)?.map(([one, at]) => [one, formatLsn(lsnAt(at))] as const)
    if (segments.length > 0 || history !== undefined)
      made[timeline] = { segments, ...(history !== undefined && { history }) }
  }
  const inventory = madeInventory(
    backups.map(({ id, timeline, isStream, start, stop, status, parent }) =>
      madeBackup(id, {
        timeline,
        isStream,
        status,
        startLsn: lsnAt(start),
        stopLsn: lsnAt(stop),
        ...(parent !== undefined && { parent }),
      }),
    ),
  )
  return { backups: inventory.backups, archive: madeWalArchive(made), times: [], defects }
}

const lsnAt = (quarter: number): Lsn => lsnFromBigint(BigInt(quarter) * QUARTER)

/** The rule of reachability once more, slowly: every position, every backup, every file, as a server would look. */
function slowModel({ histories, files, backups, timelines }: World) {
  type Entry = { readonly timeline: number; readonly begin: number; readonly end: number }
  const entriesOf = (timeline: number): readonly Entry[] => {
    const line = histories.get(timeline)
    if (line === undefined) {
      const heir = [...histories].find(([, one]) => one.some(([known]) => known === timeline))?.[1] ?? []
      const index = heir.findIndex(([known]) => known === timeline)
      return [{ timeline, begin: heir[index - 1]?.[1] ?? 0, end: Infinity }]
    }
    return [...line, [timeline, Infinity] as const]
      .map(([one, end], index) => ({ timeline: one, begin: line[index - 1]?.[1] ?? 0, end }))
      .toReversed()
  }
  const ownerOf = (target: number, at: number): number | undefined =>
    entriesOf(target).find(({ begin, end }) => begin <= at && at < end)?.timeline
  const isThere = (target: number, at: number): boolean => {
    const owner = ownerOf(target, at)
    const segment = Math.floor(at / 4)
    for (const { timeline, begin } of entriesOf(target)) {
      const quarters = files.get(`${timeline}/${segment}`) ?? 0
      if (segment >= Math.floor(begin / 4) && quarters > at % 4) return true
      if (timeline === owner) return false
    }
    return false
  }
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
  const isReached = (target: number, at: number): boolean =>
    onWay(target).some(
      ({ isStream, start, stop }) => stop <= at && hasAll(target, isStream ? stop : start, at + 1),
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

function requestOf(lsn: Lsn, timeline: number) {
  return {
    target: { kind: 'lsn', lsn, isInclusive: true },
    timeline,
    baseId: undefined,
    located: undefined,
    nowMicros: 0n,
    rates: undefined,
  } as const
}

const seeds = Array.from({ length: 4 }, (_, index) => Number(process.env['TIDEMARK_SEED'] ?? 1) + index)

/** What differs between the window of a world, its verdicts, and the slow look at it. */
function differences(world: World): { readonly wrong: readonly unknown[]; readonly reachedCount: number } {
  const model = recoveryModel(inputOf(world))
  const { lanes, gaps, strandedIds } = windowOf(model)
  const slow = slowModel(world)
  // The same world with nothing missing: a gap is to blame for what could be reached there.
  const whole = slowModel({ ...world, files: allFiles(world) })
  const wrong: unknown[] = []
  let reachedCount = 0
  const check = (isRight: boolean, what: () => unknown): void => {
    if (!isRight) wrong.push(what())
  }
  const isChosen = (timeline: number, at: number): boolean =>
    slow.isReached(timeline, at) || slow.isEnd(timeline, at)

  for (const { timeline, zones, hasHistory } of lanes) {
    for (let at = 0; at < QUARTERS; at++) {
      const lsn = lsnAt(at)
      const isInZone = zones.some(({ from, to }) => from <= lsn && lsn < to)
      check(isInZone === slow.isInLane(timeline, at), () => ({ timeline, at, isInZone }))
      if (isInZone) reachedCount++
      const verdict = judgeMoment(model, requestOf(lsn, timeline))
      if (!hasHistory) {
        const isRefused = verdict.kind === 'unreachable' && verdict.reason.code === 'history-missing'
        check(isRefused, () => ({ timeline, at, verdict }))
        continue
      }
      const isReachable = verdict.kind === 'reachable'
      check(isReachable === isChosen(timeline, at), () => ({ timeline, at, verdict }))
      if (verdict.kind === 'unreachable') checkNear(timeline, at, verdict)
    }
    for (const zone of zones) {
      const isBeforeGap = gaps.some((gap) => gap.timeline === timeline && gap.from === zone.to)
      check((zone.endsBy === 'gap') === isBeforeGap, () => ({ zone, gaps }))
    }
  }
  const stranded = world.backups.filter((one) => slow.isUsable(one) && !slow.isRestorable(one))
  const expected = stranded.map(({ id }) => id).toSorted()
  check(strandedIds.toSorted().join() === expected.join(), () => ({ strandedIds, expected }))

  for (const gap of gaps) {
    const isIn = ({ from, to }: { from: Lsn; to: Lsn }, at: number): boolean =>
      from <= lsnAt(at) && lsnAt(at) < to
    for (let at = 0; at < QUARTERS; at++) {
      check(!isIn(gap, at) || !slow.isThere(gap.timeline, at), () => ({ gap, at }))
      for (const impact of gap.impacts) {
        if (!isIn(impact, at) || at >= SEGMENTS * 4) continue
        check(!slow.isReached(impact.timeline, at), () => ({ gap, impact, at }))
        check(whole.isReached(impact.timeline, at), () => ({ gap, impact, at, inWhole: false }))
      }
    }
    for (const impact of gap.impacts) {
      const isHealed = slow.isReached(impact.timeline, Number(impact.to / QUARTER))
      check(isHealed === (impact.healedBy !== undefined), () => ({ gap, impact }))
    }
  }
  for (const { timeline, wal } of lanes) {
    const end = wal === undefined ? 0 : Number(wal.to / QUARTER)
    for (let at = 0; at < end; at++) {
      if (slow.isInLane(timeline, at) || !whole.isInLane(timeline, at)) continue
      const isBlamed = gaps.some(({ impacts }) =>
        impacts.some(
          ({ timeline: one, from, to }) => one === timeline && from <= lsnAt(at) && lsnAt(at) < to,
        ),
      )
      check(isBlamed, () => ({ timeline, at, isBlamed, gaps }))
    }
  }
  return { wrong, reachedCount }

  function checkNear(timeline: number, at: number, { before, after }: Near): void {
    for (const near of [before, after]) {
      // The end of an ARCHIVE backup can be restored to, but is no LSN to stop at: WAL ends right there.
      const point = world.backups.find(({ id }) => id === near?.pointOf)
      if (near === undefined) continue
      check(near === before ? near.lsn <= lsnAt(at) : near.lsn > lsnAt(at), () => ({ timeline, at, near }))
      if (point?.isStream === false) continue
      const again = judgeMoment(model, requestOf(near.lsn, timeline))
      check(again.kind === 'reachable', () => ({ timeline, at, near, again }))
    }
    for (let one = 0; one < QUARTERS; one++) {
      if (!isChosen(timeline, one)) continue
      const near = one < at ? before : after
      const isNearer =
        near !== undefined && (one < at ? near.lsn > lsnAt(Math.max(0, one - 4)) : near.lsn <= lsnAt(one))
      check(isNearer, () => ({ timeline, at, one, before, after }))
    }
  }
}

function allFiles({ timelines }: World): World['files'] {
  const files = new Map<string, number>()
  for (const timeline of timelines)
    for (let segment = 0; segment < SEGMENTS; segment++) files.set(`${timeline}/${segment}`, 4)
  return files
}

type Near = Extract<ReturnType<typeof judgeMoment>, { kind: 'unreachable' }>

test.each(seeds)('what is reachable agrees with a look at every position, seed %i', (seed) => {
  const dice = diceOf(seed)
  let reached = 0
  for (let round = 0; round < ROUNDS; round++) {
    const { wrong, reachedCount } = differences(worldOf(dice))
    expect({ seed, round, wrong }).toEqual({ seed, round, wrong: [] })
    reached += reachedCount
  }
  // Worlds in which nothing can be reached prove nothing.
  expect(reached).toBeGreaterThan(ROUNDS * 5)
})
