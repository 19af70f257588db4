import i18next from 'i18next'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { formatCount, formatDuration, formatEta } from './format.ts'

beforeAll(async () => {
  if (!i18next.isInitialized) await i18next.init({ lng: 'en', resources: {} })
})
afterEach(async () => {
  await i18next.changeLanguage('en')
})

describe('a duration', () => {
  test('has its two largest units, and one where the other is nothing and nobody asked for it', () => {
    expect(formatDuration(59.4)).toBe('59 s')
    expect(formatDuration(3 * 3600)).toBe('3 h 0 min')
    expect(formatDuration(3 * 3600, true)).toBe('3 h')
    expect(formatDuration(7 * 86_400 + 3600, true)).toBe('7 d 1 h')
  })

  test('has Chinese units in a Chinese window', async () => {
    await i18next.changeLanguage('zh-CN')
    expect(formatDuration(86_400 + 7200)).toBe('1 天 2 小时')
    expect(formatDuration(61)).toBe('1 分钟 1 秒')
    expect(formatEta([180, 240])?.text).toBe('3–4 分钟')
  })
})

test('counts have separators from a thousand on', () => {
  expect([999, 1000, 21_913].map((count) => formatCount(count))).toEqual(['999', '1,000', '21,913'])
  expect(formatCount(21_913, 'zh-CN')).toBe('21,913')
})
