import { expect, test } from 'vitest'
import { en } from './en.ts'
import { zhCN } from './zh-CN.ts'

/** Texts that are tokens of the tools: the same in every language. */
const TOKENS = /^(status\.[A-Z]+|table\.(wal|tli)|jobs\.bytes)$/

const base = Object.keys(en).filter((key) => !key.endsWith('_one'))
const chinese: Readonly<Record<string, string>> = zhCN
const english: Readonly<Record<string, string>> = en

test('both languages have the same texts', () => {
  expect(Object.keys(zhCN).toSorted()).toEqual(base.toSorted())
})

test.each(base)('%s has the same values in both languages', (key) => {
  expect(valuesOf(chinese[key] ?? '')).toEqual(valuesOf(english[key] ?? ''))
})

test('every text is there, translated, and without doubled spaces', () => {
  const wrong = base.filter((key) => {
    const [text, translation] = [english[key] ?? '', chinese[key] ?? '']
    const isSame = text === translation && !TOKENS.test(key)
    return text.trim() !== text || translation.trim() === '' || /  /.test(text + translation) || isSame
  })
  expect(wrong).toEqual([])
})

test('a text for one has a text for many', () => {
  const singles = Object.keys(en).filter((key) => key.endsWith('_one'))
  expect(singles.map((key) => key.slice(0, -4)).filter((key) => !(key in en))).toEqual([])
})

function valuesOf(text: string): readonly string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').toSorted()
}
