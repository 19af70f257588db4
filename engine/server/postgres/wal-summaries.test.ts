import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import type { Row, Session } from '../connection.ts'
import { findSummaryCoverage } from './wal-summaries.ts'

/** A server whose summaries are these, in any order, and whose summarizer stands there. */
function server(summaries: readonly (readonly [start: string, end: string])[], standsAt = '0/0'): Session {
  const query = async (sql: string): Promise<{ rows: readonly Row[] }> => {
    if (sql.includes('summarize_wal')) return { rows: [{ is_on: 'on' }] }
    if (sql.includes('summarizer_state')) return { rows: [{ lsn: standsAt }] }
    return { rows: summaries.map(([start_lsn, end_lsn]) => ({ start_lsn, end_lsn })) }
  }
  return { query } as unknown as Session
}

const kindOf = async (
  summaries: readonly (readonly [string, string])[],
  range: { readonly from: string; readonly to?: string },
  standsAt?: string,
) =>
  (
    await findSummaryCoverage(server(summaries, standsAt), 17, {
      timeline: 1,
      from: parseLsn(range.from),
      ...(range.to !== undefined && { to: parseLsn(range.to) }),
    })
  ).kind

describe('summaries', () => {
  test('cover what they join up over, whatever their LSNs look like as text', async () => {
    const summaries = [
      ['0/9000028', '0/11000028'],
      ['0/11000028', '0/12000028'],
      ['0/3000028', '0/9000028'],
    ] as const
    expect(await kindOf(summaries, { from: '0/4000000' })).toBe('covered')
    expect(await kindOf(summaries, { from: '0/4000000', to: '0/12000028' })).toBe('covered')
    expect(await kindOf(summaries, { from: '0/4000000', to: '0/12000029' })).toBe('gap')
  })

  test('have a gap where one is missing, or where they begin too late', async () => {
    const summaries = [
      ['0/3000028', '0/9000028'],
      ['0/A000028', '0/B000028'],
    ] as const
    expect(await kindOf(summaries, { from: '0/4000000' })).toBe('gap')
    expect(await kindOf(summaries, { from: '0/2000000' })).toBe('gap')
  })

  test('that are still to come cover a parent that the summarizer has not passed, and no other', async () => {
    expect(await kindOf([], { from: '0/5000028' }, '0/5000028')).toBe('covered')
    expect(await kindOf([], { from: '0/5000028' }, '0/4000028')).toBe('covered')
    expect(await kindOf([], { from: '0/5000028' }, '0/6000028')).toBe('gap')
    expect(await kindOf([], { from: '0/5000028' }, '0/0')).toBe('gap')
  })
})

test('an older server has none', async () => {
  const found = await findSummaryCoverage(server([]), 16, { timeline: 1, from: parseLsn('0/1') })
  expect(found).toMatchObject({ kind: 'off', reason: expect.stringContaining('16') })
})
