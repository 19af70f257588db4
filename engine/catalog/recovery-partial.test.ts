import { expect, test } from 'vitest'
import { formatLsn, parseLsn } from '../base/lsn.ts'
import { madeBackup, madeInventory } from '../testing/made-catalog.ts'
import { MADE_SEGMENT_BYTES } from '../testing/made-wal-archive.ts'
import type { PartialReach, RecoveryInput } from './recovery-input.ts'
import { recoveryModel } from './recovery-model.ts'
import { judgeMoment } from './recovery-moment.ts'
import type { ReadTarget } from './recovery-target.ts'
import { recoveryWindow } from './recovery-window.ts'
import { arrangeWalArchive } from './wal-archive.ts'

const at = parseLsn
const nameOf = (number: number): string =>
  `0000000100000000${number.toString(16).padStart(8, '0').toUpperCase()}`

/** An archive with these files of timeline 1, a backup from segment 2, and what was read of partial segments. */
function inputOf(files: readonly string[], partials: readonly PartialReach[]): RecoveryInput {
  const listed = files.map((name) => ({ name, sizeBytes: MADE_SEGMENT_BYTES, modifiedMs: 5_000_000 }))
  const backup = madeBackup('F1', { startLsn: at('0/200028'), stopLsn: at('0/280000'), isStream: false })
  const archive = arrangeWalArchive('/wal', MADE_SEGMENT_BYTES, listed, new Map())
  return { ...madeInventory([backup]), archive, times: partials, defects: [], partials }
}

const reach = (number: bigint, soundTo: string): PartialReach => ({
  timeline: 1,
  number,
  soundTo: at(soundTo),
  first: { lsn: at('0/401000'), micros: 4_000_000n },
  last: { lsn: at('0/402000'), micros: 4_500_000n },
})

function seen(input: RecoveryInput) {
  const { lanes, gaps } = recoveryWindow(input)
  const zones = lanes.flatMap(({ zones: own }) => own)
  return {
    zones: zones.map(({ from, to, endsBy }) => `${formatLsn(from)} to ${formatLsn(to)}, ${endsBy}`),
    times: zones.map(({ toTime }) => toTime),
    gaps: gaps.map(({ from, to, cause }) => `${formatLsn(from)} to ${formatLsn(to)}: ${cause}`),
  }
}

const WHOLE = [nameOf(2), nameOf(3)]

test.each(['.partial', '.gz.partial'])('the last segment counts for what it holds (%s)', (suffix) => {
  expect(seen(inputOf([...WHOLE, nameOf(4) + suffix], [reach(4n, '0/402100')]))).toEqual({
    zones: ['0/280000 to 0/402100, archive-end'],
    times: [{ micros: 4_500_000n, isExact: true }],
    gaps: [],
  })
})

test('one that nobody has read, or that holds nothing, is no gap and no WAL', () => {
  const without = ['0/280000 to 0/400000, archive-end']
  expect(seen(inputOf([...WHOLE, `${nameOf(4)}.partial`], []))).toMatchObject({ zones: without, gaps: [] })
  expect(seen(inputOf([...WHOLE, `${nameOf(4)}.partial`], [reach(4n, '0/400000')]))).toMatchObject({
    zones: without,
    gaps: [],
  })
})

test('the whole segment goes before the partial one', () => {
  const files = [...WHOLE, `${nameOf(4)}.gz`, `${nameOf(4)}.partial`]
  expect(seen(inputOf(files, [reach(4n, '0/402100')]))).toMatchObject({
    zones: ['0/280000 to 0/500000, archive-end'],
    gaps: [],
  })
})

test('behind a hole it cannot be reached, and with WAL behind it its rest is a gap', () => {
  expect(seen(inputOf([...WHOLE, `${nameOf(5)}.partial`], [reach(5n, '0/502100')]))).toMatchObject({
    zones: ['0/280000 to 0/400000, gap'],
    gaps: ['0/400000 to 0/500000: missing'],
  })
  const files = [...WHOLE, `${nameOf(4)}.partial`, nameOf(5)]
  expect(seen(inputOf(files, [reach(4n, '0/402100')]))).toMatchObject({
    zones: ['0/280000 to 0/402100, gap'],
    gaps: ['0/402100 to 0/500000: truncated'],
  })
})

test('what lies beyond its end is not archived yet, and no gap ends a recovery there', () => {
  const judge = (files: readonly string[], target: ReadTarget) =>
    judgeMoment(recoveryModel(inputOf(files, [reach(4n, '0/402100')])), {
      target,
      timeline: undefined,
      baseId: undefined,
      located: undefined,
      nowMicros: 9_000_000n,
      rates: undefined,
    })
  const later: ReadTarget = { kind: 'lsn', lsn: at('0/480000'), isInclusive: true }
  const open = [...WHOLE, `${nameOf(4)}.partial`]
  expect(judge(open, { kind: 'latest' })).toMatchObject({ kind: 'reachable', remarks: [] })
  expect(judge(open, later)).toMatchObject({
    kind: 'unreachable',
    reason: { code: 'not-archived-yet', lsn: at('0/402100') },
    before: { lsn: at('0/402000') },
  })
  // With WAL behind it the rest of it is missing.
  const left = [...open, nameOf(5)]
  expect(judge(left, { kind: 'latest' })).toMatchObject({ remarks: ['stops-at-gap'] })
  expect(judge(left, later)).toMatchObject({ reason: { code: 'gap', cause: 'truncated' } })
})
