import i18next, { type FormatterModule } from 'i18next'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { initReactI18next } from 'react-i18next'
import type { Settings } from '../../engine/api/contract/app.ts'
import type { Sentence } from '../../engine/api/contract/values.ts'
import { formatBytes, formatCount } from './format.ts'
import { en, type TextKey } from './locales/en.ts'
import { zhCN } from './locales/zh-CN.ts'

/** Numbers that name something and count nothing, and bounds of what is typed. */
const NAMES: ReadonlySet<string> = new Set([
  'least',
  'line',
  'most',
  'number',
  'parentTimeline',
  'pid',
  'port',
  'timeline',
  'xid',
])

/** Writes whatever counts something with separators; everything else as it is. */
const GROUPED: FormatterModule = {
  type: 'formatter',
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown, _format, language, options) =>
    typeof value === 'number' && !NAMES.has(String(options?.['interpolationkey']))
      ? formatCount(value, language)
      : (value as string),
}

/** Starts the texts. React writes them escaped, so i18next need not. */
export async function startTexts(): Promise<void> {
  await i18next
    .use(GROUPED)
    .use(initReactI18next)
    .init({
      lng: languageOf('system'),
      fallbackLng: 'en',
      keySeparator: false,
      nsSeparator: false,
      interpolation: { escapeValue: false, alwaysFormat: true },
      resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
    })
}

/** The language that a setting stands for. */
export function languageOf(setting: Settings['language']): 'en' | 'zh-CN' {
  if (setting !== 'system') return setting
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

/** Changes the language of everything that is shown. */
export async function changeLanguage(setting: Settings['language']): Promise<void> {
  const language = languageOf(setting)
  document.documentElement.lang = language
  await i18next.changeLanguage(language)
}

export type Say = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string

/** The texts in the language that is set, and that language. */
export function useTexts(): { readonly say: Say; readonly language: string } {
  const { t, i18n } = useTranslation()
  // The same function until the language changes: tables and pictures are made anew when it does.
  const say = useCallback<Say>((key, values) => t(key, { ...values }), [t])
  return { say, language: i18n.language }
}

/** Byte counts inside sentences of the engine. */
const BYTES: ReadonlySet<string> = new Set(['need', 'free', 'bytes', 'walBytes', 'clusterBytes'])

/** A sentence of the engine in the language that is set; one that this window does not know is shown by its code. */
export function saySentence(
  say: Say,
  area:
    | 'protection'
    | 'todo'
    | 'probe'
    | 'preflight'
    | 'preflight-hint'
    | 'mode-reason'
    | 'mode-advice'
    | 'wal-note'
    | 'moment-reason'
    | 'drill-note',
  { code, values }: Sentence,
): string {
  const key = `${area}.${code}`
  if (!Object.hasOwn(en, key)) return `${code} ${Object.values(values).join(' ')}`.trim()
  const shown = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      BYTES.has(name) ? formatBytes(Number(value)) : value,
    ]),
  )
  return say(key as TextKey, shown)
}
