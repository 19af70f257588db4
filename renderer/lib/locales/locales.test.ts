import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { en, type TextKey } from './en.ts'
import { zhCN } from './zh-CN.ts'

/** Texts that are the same in both languages, for they are what the tools print, or a unit. */
const TOKENS: ReadonlySet<string> = new Set<TextKey>([
  'backup.wal',
  'chains.row',
  'jobs.rate',
  'probe.version',
  'retention.chain',
  'status.CORRUPT',
  'status.DELETED',
  'status.DELETING',
  'status.DELETING-STOPPED',
  'status.DONE',
  'status.ERROR',
  'status.MERGED',
  'status.MERGING',
  'status.MERGING-STOPPED',
  'status.OK',
  'status.ORPHAN',
  'status.RUNNING',
  'status.STALE',
  'status.UNKNOWN',
  'table.id',
  'table.tli',
  'table.wal',
])

const ENGLISH: Readonly<Record<string, string>> = en
const CHINESE: Readonly<Record<string, string>> = zhCN
const isSingular = (key: string): boolean => key.endsWith('_one')
const singulars = Object.keys(en).filter(isSingular)
const shared = Object.keys(en).filter((key) => !isSingular(key))

function placeholders(text: string | undefined): readonly string[] {
  return [...(text ?? '').matchAll(/\{\{(.*?)\}\}/g)].map(([, name]) => name ?? '').sort()
}

/** Each key with what is wrong there; empty when nothing is, so that a failure names all of the keys. */
function keysWhere(keys: readonly string[], isWrong: (key: string) => boolean): readonly string[] {
  return keys.filter(isWrong)
}

describe('the texts of the two languages', () => {
  test('have the same keys, apart from the English singulars', () => {
    expect(Object.keys(zhCN).sort()).toEqual([...shared].sort())
  })

  test.each(['en', 'zh-CN'])('have each key once, in whichever file of %s', (language) => {
    const directory = import.meta.dirname
    const keys = readdirSync(directory)
      .filter((name) => name === `${language}.ts` || name.endsWith(`-${language}.ts`))
      .flatMap((name) => readFileSync(path.join(directory, name), 'utf8').match(/^  '[^']+'(?=:)/gm) ?? [])
    expect(keys.length).toBeGreaterThan(1000)
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
  })

  test('have the same placeholders for each key', () => {
    const of = (texts: Readonly<Record<string, string>>) =>
      Object.fromEntries(shared.map((key) => [key, placeholders(texts[key])]))
    expect(of(CHINESE)).toEqual(of(ENGLISH))
  })

  test('have well formed placeholders', () => {
    const isBroken = (text: string | undefined): boolean =>
      /[{}]/.test((text ?? '').replaceAll(/\{\{[A-Za-z]+\}\}/g, ''))
    expect(keysWhere(Object.keys(en), (key) => isBroken(ENGLISH[key]) || isBroken(CHINESE[key]))).toEqual([])
  })

  test('differ, except for tokens', () => {
    expect(keysWhere(shared, (key) => CHINESE[key] === ENGLISH[key]).toSorted()).toEqual([...TOKENS].sort())
  })

  test('are Chinese where they are not tokens or numbers', () => {
    const numbers: ReadonlySet<string> = new Set<TextKey>([
      'backup.reason-next',
      'chains.shown',
      'jobs.announce',
      'jobs.announce-end',
      'jobs.bytes',
    ])
    expect(
      keysWhere(
        shared,
        (key) => !TOKENS.has(key) && !numbers.has(key) && !/\p{Script=Han}/u.test(CHINESE[key] ?? ''),
      ),
    ).toEqual([])
  })

  test.each([
    ['English', ENGLISH],
    ['Chinese', CHINESE],
  ])('are neither empty nor badly spaced in %s', (_language, texts) => {
    const isBad = (text: string | undefined): boolean =>
      text === undefined || text === '' || text !== text.trim() || /\s{2}/.test(text)
    expect(keysWhere(Object.keys(texts), (key) => isBad(texts[key]))).toEqual([])
  })

  test('have a plural for each English singular, which knows no other placeholder', () => {
    const isLost = (key: string): boolean => {
      const plural = placeholders(ENGLISH[key.slice(0, -'_one'.length)])
      return !plural.includes('count') || placeholders(ENGLISH[key]).some((name) => !plural.includes(name))
    }
    expect(singulars.length).toBeGreaterThan(0)
    expect(keysWhere(singulars, isLost)).toEqual([])
  })
})
