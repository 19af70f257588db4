import { expect, test } from 'vitest'
import { PREFLIGHT_HINTS } from '../../../engine/base/preflight-hints.ts'
import { en } from '../../lib/locales/en.ts'
import { zhCN } from '../../lib/locales/zh-CN.ts'

const AREA = 'preflight-hint.'
const hintsOf = (texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(texts)
      .filter(([key]) => key.startsWith(AREA))
      .map(([key, text]) => [key.slice(AREA.length), text]),
  )

test('the English window says the hints of the pre-flight as the engine does', () => {
  expect(hintsOf(en)).toEqual(PREFLIGHT_HINTS)
})

test('the Chinese window has a text of its own for each hint', () => {
  expect(Object.keys(hintsOf(zhCN)).toSorted()).toEqual(Object.keys(PREFLIGHT_HINTS).toSorted())
})
