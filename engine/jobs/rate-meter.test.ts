import { expect, test } from 'vitest'
import { RateMeter } from './rate-meter.ts'

const MB = 1_000_000

test('no remaining time is named before 5 % and 20 s', () => {
  const meter = new RateMeter()
  for (let second = 0; second <= 19; second++) meter.add(second * 1000, second * 10 * MB)
  expect(meter.remainingSeconds(1000 * MB)).toBeUndefined()
  meter.add(20_000, 200 * MB)
  expect(meter.remainingSeconds(100_000 * MB)).toBeUndefined()
  expect(meter.remainingSeconds(1000 * MB)).toEqual([80, 80])
})

test('an uneven pace gives a range, and the rate is that of the last seconds', () => {
  const meter = new RateMeter()
  let bytes = 0
  for (let second = 0; second <= 40; second++) {
    meter.add(second * 1000, bytes)
    bytes += (second % 2 === 0 ? 10 : 20) * MB
  }
  expect(meter.rate()).toBe(15 * MB)
  const [low, high] = meter.remainingSeconds(1200 * MB) ?? []
  expect([low, high]).toEqual([30, 60])
})

test('what does not move has no remaining time', () => {
  const meter = new RateMeter()
  for (let second = 0; second <= 60; second++) meter.add(second * 1000, Math.min(second, 20) * MB)
  expect(meter.remainingSeconds(100 * MB)).toBeUndefined()
})
