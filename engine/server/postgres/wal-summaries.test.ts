import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import type { Row, Session } from '../connection.ts'
import { findSummaryCoverage, waitForSummaries, type WalPath } from './wal-summaries.ts'

type Summary = readonly [start: string, end: string, timeline?: number]

/** A server whose summaries are these, in any order, and whose summarizer stands there. */
function server(
  summaries: readonly Summary[],
  [standsAt, on]: readonly [string, number] = ['0/0', 0],
): Session {
  const query = async (sql: string, values: readonly unknown[] = []): Promise<{ rows: readonly Row[] }> => {
    if (sql.includes('summarize_wal')) return { rows: [{ is_on: 'on' }] }
    if (sql.includes('summarizer_state')) return { rows: [{ lsn: standsAt, tli: String(on) }] }
    const [timelines, from] = values as [readonly number[], string]
    return {
      rows: summaries
        .map(([start_lsn, end_lsn, timeline = 1]) => ({ start_lsn, end_lsn, tli: String(timeline) }))
        .filter(({ end_lsn, tli }) => timelines.includes(Number(tli)) && parseLsn(end_lsn) > parseLsn(from)),
    }
  }
  return { query } as unknown as Session
}

const path = (...stretches: readonly (readonly [timeline: number, start: string, stop: string])[]): WalPath =>
  stretches.map(([timeline, start, stop]) => ({ timeline, start: parseLsn(start), stop: parseLsn(stop) }))

const kindOf = async (session: Session, along: WalPath, mayLag = true) =>
  (await findSummaryCoverage(session, 17, along, { mayLag })).kind

describe('summaries', () => {
  test('cover what they join up over, whatever their LSNs look like as text', async () => {
    const joined = server([
      ['0/9000028', '0/11000028'],
      ['0/11000028', '0/12000028'],
      ['0/3000028', '0/9000028'],
    ])
    expect(await kindOf(joined, path([1, '0/4000000', '0/12000028']), false)).toBe('covered')
    expect(await kindOf(joined, path([1, '0/4000000', '0/12000029']), false)).toBe('gap')
    expect(await kindOf(joined, path([1, '0/4000000', '0/12000029']))).toBe('covered')
  })

  test('have a gap where one is missing, or where they begin too late', async () => {
    const torn = server([
      ['0/3000028', '0/9000028'],
      ['0/A000028', '0/B000028'],
    ])
    expect(await kindOf(torn, path([1, '0/4000000', '0/C000000']))).toBe('gap')
    expect(await kindOf(torn, path([1, '0/2000000', '0/C000000']))).toBe('gap')
    expect(await kindOf(torn, path([1, '0/A000028', '0/C000000']))).toBe('covered')
  })

  test('that are still to come cover a parent that the summarizer has not passed, and no other', async () => {
    const along = path([1, '0/5000028', '0/7000000'])
    expect(await kindOf(server([], ['0/5000028', 1]), along)).toBe('covered')
    expect(await kindOf(server([], ['0/4000028', 1]), along)).toBe('covered')
    expect(await kindOf(server([], ['0/6000028', 1]), along)).toBe('gap')
    expect(await kindOf(server([], ['0/0', 0]), along)).toBe('gap')
    // It was off for a while, and goes on behind what it left out.
    expect(await kindOf(server([['0/5000028', '0/5800000']], ['0/6000028', 1]), along)).toBe('gap')
  })
})

describe('summaries along a path that changes its timeline', () => {
  const along = path([1, '0/4000000', '0/6000000'], [2, '0/6000000', '0/9000000'])
  const before: Summary = ['0/3000028', '0/6000000', 1]
  const after: Summary = ['0/6000000', '0/9000000', 2]

  test('cover it when those of each timeline reach from one switch to the next', async () => {
    expect(await kindOf(server([after, before]), along, false)).toBe('covered')
  })

  test('do not when one timeline ends too early or begins too late, whatever another has there', async () => {
    expect(await kindOf(server([['0/3000028', '0/5FFFFFF', 1], after]), along)).toBe('gap')
    expect(await kindOf(server([before, ['0/6000001', '0/9000000', 2]]), along)).toBe('gap')
    expect(await kindOf(server([['0/3000028', '0/9000000', 1]]), along, false)).toBe('gap')
    expect(await kindOf(server([['0/3000028', '0/9000000', 2]]), along)).toBe('gap')
  })

  test('may lag behind on either timeline', async () => {
    expect(await kindOf(server([['0/3000028', '0/5000000', 1]], ['0/5000000', 1]), along)).toBe('covered')
    expect(await kindOf(server([before], ['0/6000000', 1]), along)).toBe('covered')
    expect(await kindOf(server([before], ['0/7000000', 2]), along)).toBe('gap')
    expect(await kindOf(server([], ['0/4000000', 1]), along)).toBe('covered')
    expect(await kindOf(server([], ['0/6000000', 2]), along)).toBe('gap')
  })
})

test('an older server has none', async () => {
  const found = await findSummaryCoverage(server([]), 16, path([1, '0/1', '0/2']), { mayLag: true })
  expect(found).toMatchObject({
    kind: 'off',
    reason: { code: 'summaries-unsupported', values: { major: 16 } },
  })
})

test('summaries of another timeline are not what is waited for', async () => {
  const waiting = async (lsn: string, on: number): Promise<void> =>
    await waitForSummaries(
      server([], [lsn, on]),
      { timeline: 2, lsn: parseLsn('0/5000000') },
      -1,
      new AbortController().signal,
    )
  await expect(waiting('0/5000000', 2)).resolves.toBeUndefined()
  await expect(waiting('0/6000000', 1)).rejects.toMatchObject({ code: 'wal.timeout' })
  await expect(waiting('0/4FFFFFF', 2)).rejects.toMatchObject({ code: 'wal.timeout' })
})
