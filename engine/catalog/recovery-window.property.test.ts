import { expect, test } from 'vitest'
import { formatLsn, type Lsn, lsnFromBigint } from '../base/lsn.ts'
import { madeBackup, madeInventory } from '../testing/made-catalog.ts'
import { type MadeTimeline, MADE_SEGMENT_BYTES, madeWalArchive } from '../testing/made-wal-archive.ts'
import { diceOf } from '../testing/random-world.ts'
import { allFiles, QUARTERS, SEGMENTS, slowModel, type World, worldOf } from '../testing/recovery-worlds.ts'
import type { RecoveryInput, SegmentDefect } from './recovery-input.ts'
import { recoveryModel } from './recovery-model.ts'
import { judgeMoment } from './recovery-moment.ts'
import { windowOf } from './recovery-window.ts'

const QUARTER = BigInt(MADE_SEGMENT_BYTES / 4)
const ROUNDS = 60

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
