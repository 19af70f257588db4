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
})

/** What the application remembers besides its jobs: settings of the window, and which catalogs it shows. */
export type AppState = {
  readonly settings: Settings
  readonly catalogs: readonly string[]
  changeSettings(changes: Partial<Settings>): Promise<Settings>
  addCatalog(path: string): Promise<void>
  removeCatalog(path: string): Promise<void>
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
  let writing: Promise<void> = Promise.resolve()

  const save = async (): Promise<void> => {
    if (file === undefined) return
    const text = `${JSON.stringify({ settings, catalogs }, undefined, 2)}\n`
    writing = writing.catch(() => undefined).then(() => writeFileDurably(file, text, { mode: 0o600 }))
    await writing
  }

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
