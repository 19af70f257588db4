import { describe, expect, test } from 'vitest'
import { endsBefore } from './partial-segment.ts'

describe('a partial segment', () => {
  test.each([
    ['equal to the other one', [1, 2, 0, 0], [1, 2, 0, 0], false],
    ['that is cut off at its end', [1, 2], [1, 2, 0, 0], false],
    ['behind which the other one goes on', [1, 2, 0, 0], [1, 2, 3, 0], true],
    ['that is cut off before the other one ends', [1], [1, 2, 3, 0], true],
    ['that goes on behind the other one', [1, 2, 3, 0], [1, 2, 0, 0], false],
    ['that goes on where the other one was used before', [1, 0, 3], [1, 9, 9], false],
  ])('%s', (_, partial, other, expected) => {
    expect(endsBefore(Uint8Array.from(partial), Uint8Array.from(other))).toBe(expected)
  })
})
