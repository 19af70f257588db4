import { describe, expect, test } from 'vitest'
import { MODE_ADVICE, MODE_REASONS, modeReason } from '../../../engine/base/mode-reasons.ts'
import type { Say } from '../../lib/i18n.ts'
import { en } from '../../lib/locales/en.ts'
import { zhCN } from '../../lib/locales/zh-CN.ts'
import { sayChoice, sayReasons } from './mode-texts.ts'

type Texts = Readonly<Record<string, string>>

const LANGUAGES: readonly (readonly [string, Texts])[] = [
  ['English', en],
  ['Chinese', zhCN],
]
const speak =
  (texts: Texts): Say =>
  (key, values = {}) =>
    (texts[key] ?? '').replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]))

/** The texts of an area by code, each with the values that it uses. */
const usedValues = (texts: Texts, area: string): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(texts)
      .filter(([key]) => key.startsWith(`${area}.`))
      .map(([key, text]) => [
        key.slice(area.length + 1),
        [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').toSorted(),
      ]),
  )
const givenValues = (
  table: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(Object.entries(table).map(([code, names]) => [code, names.toSorted()]))

test.each(LANGUAGES)(
  'each reason and each advice of the engine has a text with all that it says in %s',
  (_, texts) => {
    expect(usedValues(texts, 'mode-reason')).toEqual(givenValues(MODE_REASONS))
    expect(usedValues(texts, 'mode-advice')).toEqual(givenValues(MODE_ADVICE))
  },
)

describe('why a mode is as it is', () => {
  const off = modeReason('summaries-off', {}, '')
  const absent = modeReason('ptrack-absent', { database: 'shop' }, '')
  const wal = { walBytes: 33_554_432, clusterBytes: 67_108_864 }

  test.each([
    [
      'summarize_wal is off on the server, and database shop does not have the extension ptrack',
      'no PTRACK, since summarize_wal is off on the server; no PAGE, since the WAL since the parent (32.0 MiB) is more than a quarter of the cluster (64.0 MiB)',
      en,
    ],
    [
      '服务器未开启 summarize_wal，且数据库 shop 未安装扩展 ptrack',
      '不用 PTRACK（服务器未开启 summarize_wal）；不用 PAGE（自父备份以来的 WAL 共 32.0 MiB，超过集群大小 64.0 MiB 的四分之一）',
      zhCN,
    ],
  ])('is one phrase: %s', (reasons, choice, texts) => {
    const say = speak(texts)
    expect(sayReasons(say, [off, absent])).toBe(reasons)
    const passedOver = [
      { mode: 'PTRACK', reasons: [off] },
      { mode: 'PAGE', reasons: [modeReason('wal-large', wal, '')] },
    ] as const
    expect(sayChoice(say, { mode: 'DELTA', reasons: [], passedOver })).toBe(choice)
  })

  test('begins with what speaks for the mode', () => {
    const small = modeReason('wal-small', { ...wal, walBytes: 1024 }, '')
    const passedOver = [{ mode: 'PTRACK', reasons: [off] }] as const
    expect(sayChoice(speak(en), { mode: 'PAGE', reasons: [small], passedOver })).toBe(
      'the WAL since the parent (1.00 KiB) is archived and at most a quarter of the cluster (64.0 MiB); no PTRACK, since summarize_wal is off on the server',
    )
  })
})
