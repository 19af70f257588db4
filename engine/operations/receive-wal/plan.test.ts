import { describe, expect, test } from 'vitest'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, parseLsn } from '../../base/lsn.ts'
import { arrangeWalArchive } from '../../catalog/wal-archive.ts'
import type { TimelineHistory } from '../../format/timeline-history.ts'
import { findResumePoint, LONGEST_PAUSE_MS, neverConnected, pauseMs, pointAt, remedyFor } from './plan.ts'

const SEGMENT_BYTES = 16 << 20

/** An archive with these files; `2:5` is segment 5 of timeline 2. */
function archive(...files: readonly string[]) {
  const listed = files.map((file) => {
    const [place = '', suffix = ''] = file.split('/')
    const [timeline = '', number = ''] = place.split(':')
    const name = `${timeline.padStart(8, '0')}00000000${Number(number).toString(16).toUpperCase().padStart(8, '0')}`
    return { name: name + suffix, sizeBytes: SEGMENT_BYTES, modifiedMs: 0 }
  })
  return arrangeWalArchive('/wal/main', SEGMENT_BYTES, listed, new Map())
}

function resume(
  files: readonly string[],
  timeline: number,
  ...switches: readonly (readonly [timeline: number, lsn: string])[]
): string | undefined {
  const history: TimelineHistory = switches.map(([left, lsn]) => ({
    timeline: left,
    switchLsn: parseLsn(lsn),
    reason: '',
  }))
  const found = findResumePoint(archive(...files), { timeline, history })
  return found && `${found.timeline} ${formatLsn(found.from)}`
}

describe('receiving goes on', () => {
  test.each([
    { what: 'nowhere in an empty archive', files: [], at: undefined },
    { what: 'after the last whole segment', files: ['1:4', '1:5'], at: '1 0/6000000' },
    { what: 'after a compressed one', files: ['1:4', '1:5/.gz'], at: '1 0/6000000' },
    { what: 'at the start of the one that has begun', files: ['1:4', '1:5/.partial'], at: '1 0/5000000' },
    {
      what: 'after a whole one that was not cleared of its beginning',
      files: ['1:5/.partial', '1:5'],
      at: '1 0/6000000',
    },
    { what: 'not with a draft of somebody else', files: ['1:4', '1:5/.gz.part'], at: '1 0/5000000' },
    { what: 'after the last one, gaps or not', files: ['1:2', '1:5'], at: '1 0/6000000' },
    { what: 'nowhere with another history only', files: ['7:5'], at: undefined },
  ])('$what', ({ files, at }) => {
    expect(resume(files, 1)).toBe(at)
  })

  test('with the tail of the old timeline, then with the first segment of the next, which holds it too', () => {
    expect(resume(['1:4'], 2, [1, '0/7000100'])).toBe('1 0/5000000')
    expect(resume(['1:6', '1:7/.partial'], 2, [1, '0/7000100'])).toBe('1 0/7000000')
    expect(resume(['1:7'], 2, [1, '0/7000100'])).toBe('2 0/7000000')
    expect(resume(['1:7', '2:7/.partial'], 2, [1, '0/7000100'])).toBe('2 0/7000000')
    expect(resume(['1:7', '2:7'], 2, [1, '0/7000100'])).toBe('2 0/8000000')
  })

  test('past a timeline that the old primary wrote on after it was left', () => {
    expect(resume(['1:9'], 2, [1, '0/7000100'])).toBe('2 0/7000000')
  })

  test('with the next timeline when the switch was on the edge of a segment', () => {
    expect(resume(['1:6'], 2, [1, '0/7000000'])).toBe('2 0/7000000')
  })

  test('over timelines on which nothing was received', () => {
    expect(resume(['1:6'], 3, [1, '0/7000100'], [2, '0/9000100'])).toBe('1 0/7000000')
    expect(resume(['1:7'], 3, [1, '0/7000100'], [2, '0/9000100'])).toBe('2 0/7000000')
    expect(resume(['1:7', '2:9'], 3, [1, '0/7000100'], [2, '0/9000100'])).toBe('3 0/9000000')
  })
})

test('a position is on the timeline that was current at the start of its segment', () => {
  const line = {
    timeline: 2,
    history: [{ timeline: 1, switchLsn: parseLsn('0/7000100'), reason: '' }],
  }
  const at = (lsn: string) => pointAt(parseLsn(lsn), line, SEGMENT_BYTES)
  expect(at('0/6000200')).toEqual({ timeline: 1, from: parseLsn('0/6000000') })
  expect(at('0/7000200')).toEqual({ timeline: 1, from: parseLsn('0/7000000') })
  expect(at('0/8000200')).toEqual({ timeline: 2, from: parseLsn('0/8000000') })
})

test('pauses grow from a quarter of a second to half a minute', () => {
  expect([1, 2, 3, 4, 8, 9, 1000].map(pauseMs)).toEqual([
    250,
    500,
    1000,
    2000,
    LONGEST_PAUSE_MS,
    LONGEST_PAUSE_MS,
    LONGEST_PAUSE_MS,
  ])
})

describe('a failure', () => {
  const failure = (code: EngineError['code'], sqlState?: string) =>
    new EngineError(code, 'it failed', { facts: sqlState === undefined ? {} : { sqlState } })

  test.each([
    [failure('server.unreachable'), 'retry', 'retry'],
    [failure('server.connection-lost'), 'retry', 'retry'],
    [failure('server.auth-failed'), 'stop', 'retry'],
    [failure('server.query-failed', '55006'), 'retry', 'retry'],
    [failure('server.query-failed', '53300'), 'retry', 'retry'],
    [failure('server.query-failed', '42601'), 'stop', 'retry'],
    [failure('server.query-failed', '58P01'), 'gap', 'gap'],
    [failure('storage.full'), 'space', 'space'],
    [failure('storage.denied'), 'stop', 'retry'],
    [failure('instance.identity-mismatch'), 'stop', 'stop'],
    [failure('wal.conflict'), 'stop', 'stop'],
    [new TypeError('a bug'), 'stop', 'stop'],
  ] as const)('%s: %s at first, %s later', (thrown, atFirst, later) => {
    expect(remedyFor(thrown, false)).toBe(atFirst)
    expect(remedyFor(thrown, true)).toBe(later)
  })
})

test('settings that never led to a server are told with what was last wrong with them', () => {
  const last = new EngineError('server.unreachable', 'nothing listens on db:5433', {
    hint: 'Check its port.',
    facts: { port: '5433' },
  })
  expect(neverConnected(last, 30_400)).toMatchObject({
    code: 'server.unreachable',
    message: 'nothing listens on db:5433; no connection was made in 30 s',
    hint: 'Check its port. Once it was connected, a receiver tries again for ever.',
    facts: { port: '5433' },
  })
})
