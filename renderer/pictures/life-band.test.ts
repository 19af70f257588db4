import { expect, test } from 'vitest'
import { widthOf } from './fit-text.ts'
import { placeBandName } from './life-band.ts'

const NAMES = ['promised window 14 d →', '14 d →']
const ROOM = { start: 150, end: 660 }
const width = widthOf(NAMES[0] ?? '', 11.5)

test('the name of the promised window stands in its band while there is room', () => {
  const band = { start: 200, end: 400 }
  expect(placeBandName(NAMES, band, { x: 400, word: 'now' }, ROOM)).toEqual({ text: NAMES[0], x: 205 })
  // The word at the line of today stands where it would begin.
  expect(placeBandName(NAMES, band, { x: 190, word: 'now' }, ROOM)).toEqual({
    text: NAMES[0],
    x: 395 - width,
  })
})

test('it never crosses the line that is looked at: it goes beside a band that is too narrow, or is short', () => {
  expect(placeBandName(NAMES, { start: 500, end: 600 }, { x: 160, word: 'now' }, ROOM)).toEqual({
    text: NAMES[0],
    x: 495 - width,
  })
  expect(placeBandName(NAMES, { start: 500, end: 600 }, { x: 410, word: 'now' }, ROOM)).toEqual({
    text: NAMES[1],
    x: 505,
  })
  expect(placeBandName(NAMES, { start: 200, end: 260 }, { x: 160, word: 'now' }, ROOM)).toEqual({
    text: NAMES[0],
    x: 265,
  })
})

test('a band without any room around has no name', () => {
  expect(
    placeBandName(NAMES, { start: 150, end: 170 }, { x: 170, word: 'now' }, { start: 150, end: 200 }),
  ).toBeUndefined()
})
