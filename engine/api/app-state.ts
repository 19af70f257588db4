import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import * as z from 'zod'
import { writeFileDurably } from '../host/durable-file.ts'
import type { Settings } from './contract/app.ts'

const DEFAULT_SETTINGS: Settings = {
  language: 'system',
  theme: 'system',
  timeZone: 'computer',
  density: 'comfortable',
}

const stored = z.object({
  settings: z
    .object({
      language: z.enum(['system', 'en', 'zh-CN']),
      theme: z.enum(['system', 'light', 'dark']),
      timeZone: z.string(),
      density: z.enum(['comfortable', 'compact']),
    })
    .partial()
    .optional(),
  catalogs: z.array(z.string()).optional(),
  receivers: z
    .array(
      z.object({
        catalog: z.string(),
        instance: z.string(),
        slot: z.object({ name: z.string(), isMade: z.boolean() }).optional(),
        compressLevel: z.number().int().min(1).max(9).optional(),
      }),
    )
    .optional(),
})

/** A WAL receiver that is started with the application. */
export type ReceiverSetting = {
  readonly catalog: string
  readonly instance: string
  readonly slot?: { readonly name: string; readonly isMade: boolean } | undefined
  readonly compressLevel?: number | undefined
}

/** What the application remembers besides its jobs: settings of the window, which catalogs it shows, who receives WAL. */
export type AppState = {
  readonly settings: Settings
  readonly catalogs: readonly string[]
  readonly receivers: readonly ReceiverSetting[]
  changeSettings(changes: Partial<Settings>): Promise<Settings>
  addCatalog(path: string): Promise<void>
  removeCatalog(path: string): Promise<void>
  /** Replaces the one of the same instance. */
  addReceiver(setting: ReceiverSetting): Promise<void>
  removeReceiver(ref: { readonly catalog: string; readonly instance: string }): Promise<void>
}

/**
 * Opens the state kept in a directory; without one nothing outlives the process.
 * A file that cannot be read counts as empty: no preference is worth an application that does not start.
 */
export function openAppState(directory: string | undefined): AppState {
  const file = directory === undefined ? undefined : path.join(directory, 'state.json')
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const read = file === undefined ? {} : readStored(file)
  let settings: Settings = { ...DEFAULT_SETTINGS, ...withoutUndefined(read.settings ?? {}) }
  let catalogs: readonly string[] = read.catalogs ?? []
  let receivers: readonly ReceiverSetting[] = read.receivers ?? []
  let writing: Promise<void> = Promise.resolve()

  const save = async (): Promise<void> => {
    if (file === undefined) return
    const text = `${JSON.stringify({ settings, catalogs, receivers }, undefined, 2)}\n`
    writing = writing.catch(() => undefined).then(() => writeFileDurably(file, text, { mode: 0o600 }))
    await writing
  }

  const othersThan = (ref: { readonly catalog: string; readonly instance: string }) =>
    receivers.filter(({ catalog, instance }) => catalog !== ref.catalog || instance !== ref.instance)

  return {
    get settings() {
      return settings
    },
    get catalogs() {
      return catalogs
    },
    async changeSettings(changes) {
      settings = { ...settings, ...withoutUndefined(changes) }
      await save()
      return settings
    },
    async addCatalog(catalog) {
      if (catalogs.includes(catalog)) return
      catalogs = [...catalogs, catalog]
      await save()
    },
    async removeCatalog(catalog) {
      catalogs = catalogs.filter((one) => one !== catalog)
      await save()
    },
    get receivers() {
      return receivers
    },
    async addReceiver(setting) {
      receivers = [...othersThan(setting), setting]
      await save()
    },
    async removeReceiver(ref) {
      const others = othersThan(ref)
      if (others.length === receivers.length) return
      receivers = others
      await save()
    },
  }
}

function readStored(file: string): z.output<typeof stored> {
  try {
    return stored.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // Not there yet, or damaged.
    return {}
  }
}

function withoutUndefined<Value extends object>(
  value: Value,
): Partial<{ [Key in keyof Value]: Exclude<Value[Key], undefined> }> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never
}
