import { expect, test } from 'vitest'
import { type ReplaySample, replayProgress, withSample } from './replay-progress.ts'

const at = (ms: number, lsn: string): ReplaySample => ({ ms, lsn })

test('the rate is what was replayed between looks, the rest is what it takes at that rate', () => {
  expect(replayProgress([at(0, '0/1000000'), at(2000, '0/3000000')], '0/5000000')).toEqual({
    bytesPerSecond: 0x1000000,
    leftBytes: 0x2000000,
    leftSeconds: 2,
  })
})

test('what is not known is not guessed', () => {
  const nothing = { bytesPerSecond: undefined, leftBytes: undefined, leftSeconds: undefined }
  expect(replayProgress([], '0/5')).toEqual(nothing)
  expect(replayProgress([at(0, '0/1')], undefined)).toEqual(nothing)
  expect(replayProgress([at(0, '0/1'), at(1000, '0/1')], '0/5')).toEqual({ ...nothing, leftBytes: 4 })
  expect(replayProgress([at(0, '0/8')], '0/5')).toMatchObject({ leftBytes: 0 })
})

test('a server that was started anew begins again, and old looks are forgotten', () => {
  const samples = [at(0, '0/5'), at(1, '0/6')]
  expect(withSample(samples, at(2, '0/4'))).toEqual([at(2, '0/4')])
  expect(withSample(samples, at(2, '0/6'))).toHaveLength(3)
  expect(withSample(samples, at(1, '0/9'))).toBe(samples)
  let many: readonly ReplaySample[] = []
  for (let ms = 1; ms < 100; ms++) many = withSample(many, at(ms, `0/${ms}`))
  expect(many).toHaveLength(15)
})
