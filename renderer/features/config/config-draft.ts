import { create } from 'zustand'
import type { InstanceSetting } from '../../../engine/api/contract/instances.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'

/** What was typed and not saved, by key, as on the command line. An empty text goes back to the default. */
export type ConfigDraft = Readonly<Record<string, string>>

const NO_DRAFT: ConfigDraft = {}
const useDrafts = create<Readonly<Record<string, ConfigDraft>>>()(() => ({}))

/** The draft of an instance, which outlives its screen, and what replaces it. */
export function useConfigDraft({
  catalog,
  instance,
}: InstanceRef): readonly [ConfigDraft, (draft: ConfigDraft) => void] {
  const key = `${catalog}\n${instance}`
  const draft = useDrafts((drafts) => drafts[key]) ?? NO_DRAFT
  return [draft, (next) => useDrafts.setState({ [key]: next })]
}

/** The text in a field: what was typed, else what stands in the file; empty where the default holds. */
export function shownText({ key, own }: InstanceSetting, draft: ConfigDraft): string {
  return draft[key] ?? own ?? ''
}

/** The draft with one field changed; what is in the file again is no change. */
export function withText(draft: ConfigDraft, { key, own }: InstanceSetting, text: string): ConfigDraft {
  const { [key]: _, ...others } = draft
  return text === (own ?? '') ? others : { ...others, [key]: text }
}

/** What of the draft still differs from the file, which may have been changed meanwhile. */
export function changesOf(draft: ConfigDraft, settings: readonly InstanceSetting[]): ConfigDraft {
  return Object.fromEntries(
    settings.flatMap((one): readonly (readonly [string, string])[] => {
      const text = draft[one.key]
      return text === undefined || one.isFixed || text === (one.own ?? '') ? [] : [[one.key, text]]
    }),
  )
}

/** How a setting stands to its default, with what was typed. */
export type SettingState = 'fixed' | 'default' | 'same' | 'set' | 'overridden'

/** Something that has no default is set, and overrides nothing. */
export function stateOf(setting: InstanceSetting, draft: ConfigDraft): SettingState {
  const text = shownText(setting, draft)
  if (setting.isFixed) return 'fixed'
  if (text === '') return 'default'
  if (setting.defaultValue === undefined) return 'set'
  if (text === setting.own) return setting.isOverridden ? 'overridden' : 'same'
  return text === setting.defaultValue ? 'same' : 'overridden'
}

const UNITS = {
  seconds: ['ms', 's', 'min', 'h', 'd'],
  milliseconds: ['ms', 's', 'min', 'h', 'd'],
  kilobytes: ['kB', 'MB', 'GB', 'TB'],
} as const

/** The units that a number may have, the smallest first. Less than a second counts as none where seconds are kept. */
export function unitsOf({ unit }: InstanceSetting): readonly string[] {
  if (unit === undefined) return []
  return unit === 'seconds' ? UNITS.seconds.slice(1) : UNITS[unit]
}

/** A text as number and unit; one without a unit has that of the default. What is not a number stays whole. */
export function splitUnit(
  setting: InstanceSetting,
  text: string,
): { readonly number: string; readonly unit: string } {
  const units = unitsOf(setting)
  const found = units.find((unit) => text.endsWith(unit))
  if (found !== undefined) return { number: text.slice(0, -found.length).trim(), unit: found }
  const usual = units.find((unit) => new RegExp(`\\d${unit}$`).test(shownDefault(setting) ?? ''))
  // Where the default is nothing, the unit that most will want is offered: MB, min.
  return { number: text, unit: usual ?? (text === '' ? units[1] : units[0]) ?? '' }
}

/** A default as one would write it: nothing has no unit. */
export function shownDefault({ defaultValue }: InstanceSetting): string | undefined {
  return defaultValue?.replace(/^0[A-Za-z]+$/, '0')
}

/** Number and unit as they are saved; nothing is the default. */
export function joinUnit(number: string, unit: string): string {
  const text = number.trim()
  if (text === '') return ''
  // What is no number is refused in these words.
  return /^[0-9]/.test(text) ? `${text}${unit}` : `${text} ${unit}`
}

/** The command that saves the same. */
export function setConfigCommand({ catalog, instance }: InstanceRef, changes: ConfigDraft): string {
  const options = Object.entries(changes).map(([key, text]) => `--${key}=${quoteForShell(text)}`)
  return ['tidemark set-config', `-B ${quoteForShell(catalog)}`, `--instance=${instance}`, ...options].join(
    ' ',
  )
}

function quoteForShell(text: string): string {
  return /^[\w./:@%+,=-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
