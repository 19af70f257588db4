import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import { assessArchive } from './archived-wal.ts'

const SEGMENT = 16 << 20
const interval = (timeline: number, start: string, stop: string) => ({
  timeline,
  start: parseLsn(start),
  stop: parseLsn(stop),
})
const name = (timeline: number, number: number): string =>
  `${String(timeline).padStart(8, '0')}00000000${number.toString(16).toUpperCase().padStart(8, '0')}`

describe('an archive', () => {
  const way = [interval(1, '0/2000028', '0/5000100')]
  const assess = (...names: readonly string[]) => assessArchive(way, SEGMENT, names)

  test('has all that a PAGE backup reads but for what is still being written, packed or not', () => {
    expect(assess(name(1, 2), `${name(1, 3)}.gz`, name(1, 4))).toEqual({
      missing: undefined,
      pendingCount: 0,
      walBytes: 4 * SEGMENT,
    })
  })

  test('has a gap where a segment is missing between others, and where the first one is', () => {
    expect(assess(name(1, 2), name(1, 4)).missing).toBe(name(1, 3))
    expect(assess(name(1, 3), name(1, 4)).missing).toBe(name(1, 2))
    expect(assess().missing).toBe(name(1, 2))
    expect(assess(name(2, 2), `${name(1, 2)}.part`, name(1, 3)).missing).toBe(name(1, 2))
  })

  test('lags behind where segments are missing at its end', () => {
    expect(assess(name(1, 2))).toMatchObject({ missing: undefined, pendingCount: 2 })
  })

  test('needs nothing yet when the parent started in the segment that is being written', () => {
    const same = assessArchive([interval(1, '0/5000028', '0/5000100')], SEGMENT, [])
    expect(same).toEqual({ missing: undefined, pendingCount: 0, walBytes: SEGMENT })
  })
})

describe('where a timeline was left in the middle of a segment', () => {
  const way = [interval(1, '0/2000028', '0/3000500'), interval(2, '0/3000500', '0/5000100')]
  const rest = [name(1, 2), name(2, 4)]

  test.each([name(1, 3), `${name(1, 3)}.partial`])('the old one may be archived as %s', (old) => {
    expect(assessArchive(way, SEGMENT, [...rest, old, name(2, 3)]).missing).toBeUndefined()
  })

  test('the segment of the new one has the beginning too, and is needed itself', () => {
    expect(assessArchive(way, SEGMENT, [...rest, name(2, 3)]).missing).toBeUndefined()
    expect(assessArchive(way, SEGMENT, [...rest, name(1, 3)]).missing).toBe(name(2, 3))
    expect(assessArchive(way, SEGMENT, rest).missing).toBe(name(1, 3))
  })

  test('it may be still being written', () => {
    const short = [interval(1, '0/2000028', '0/3000500'), interval(2, '0/3000500', '0/3000900')]
    expect(assessArchive(short, SEGMENT, [name(1, 2)])).toMatchObject({ missing: undefined, pendingCount: 0 })
  })

  test('on the boundary of a segment it needs nothing of the next one', () => {
    const even = [interval(1, '0/2000028', '0/3000000'), interval(2, '0/3000000', '0/4000100')]
    expect(assessArchive(even, SEGMENT, [name(1, 2), name(2, 3)])).toMatchObject({ missing: undefined })
  })
})
