import { expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import {
  findTimelineOfHistoryFile,
  formatTimelineHistory,
  parseTimelineHistory,
  switchPoint,
  timelineHistoryFileName,
} from './timeline-history.ts'

// As a server writes it: a blank line before each further ancestor.
const OF_TIMELINE_4 = `1\t0/4000138\tno recovery target specified

3\t16/B374D848\tbefore 2026-11-21 00:30:20+00
`

test('reads and writes back what a server wrote', () => {
  const history = parseTimelineHistory(OF_TIMELINE_4)
  expect(history).toEqual([
    { timeline: 1, switchLsn: parseLsn('0/4000138'), reason: 'no recovery target specified' },
    { timeline: 3, switchLsn: parseLsn('16/B374D848'), reason: 'before 2026-11-21 00:30:20+00' },
  ])
  expect(formatTimelineHistory(history)).toBe(OF_TIMELINE_4)
})

test('passes over comments, blanks and a missing reason', () => {
  expect(parseTimelineHistory('# by hand\r\n\r\n  2   0/10\r\n')).toEqual([
    { timeline: 2, switchLsn: parseLsn('0/10'), reason: '' },
  ])
  expect(parseTimelineHistory('')).toEqual([])
})

test('knows where a timeline was left', () => {
  const history = parseTimelineHistory(OF_TIMELINE_4)
  expect(switchPoint(history, 3)).toBe(parseLsn('16/B374D848'))
  expect(switchPoint(history, 2)).toBeUndefined()
  expect(switchPoint(history, 4)).toBeUndefined()
})

test('switch points may descend', () => {
  expect(parseTimelineHistory('1\t0/20\ta\n2\t0/10\tb\n').length).toBe(2)
})

test.each([
  ['1\n', 'line 1'],
  ['1\t0/1\tx\n1\t0/2\ty\n', 'line 2'],
  ['2\t0/1\tx\n\n1\t0/2\ty\n', 'line 3'],
  ['1\t0/123456789\tx\n', 'line 1'],
  ['one\t0/1\tx\n', 'line 1'],
])('damage in %j is told with its line', (text, line) => {
  expect(() => parseTimelineHistory(text)).toThrow(
    expect.objectContaining({ code: 'format.damaged', message: expect.stringContaining(line) }),
  )
})

test.each([
  [2, '00000002.history'],
  [0xabc, '00000ABC.history'],
])('timeline %i has the file %s', (timeline, name) => {
  expect(timelineHistoryFileName(timeline)).toBe(name)
  expect(findTimelineOfHistoryFile(name)).toBe(timeline)
})

test.each(['2.history', '00000002.history.part', '0000000g.history'])('%s is no history file', (name) => {
  expect(findTimelineOfHistoryFile(name)).toBeUndefined()
})
