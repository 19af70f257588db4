import { EngineError } from '../../base/engine-error.ts'
import type { BaseUnit } from '../../format/config-units.ts'
import type { ConfigKey } from '../../format/instance-config.ts'

/** What may be saved under a key: narrower than what is read, for other tools write more. */
export type SettingInput =
  | { readonly kind: 'text'; readonly mostBytes: number }
  | { readonly kind: 'path' | 'path-list' }
  | { readonly kind: 'choice'; readonly words: readonly string[] }
  | {
      readonly kind: 'number'
      readonly least: bigint
      readonly most: bigint
      readonly unit: BaseUnit | undefined
    }

/** Compression that pg_probackup does not know: it stops at a configuration that names one. */
export const OWN_ALGORITHMS: ReadonlySet<string> = new Set(['lz4', 'zstd'])

/** What fits into the buffers of other readers, and for names of files what a file system takes. */
const MOST_BYTES = 2000
const MOST_NAME_BYTES = 255

const OWN_INPUTS: Readonly<Record<string, SettingInput>> = {
  pgdata: { kind: 'path' },
  'log-directory': { kind: 'path' },
  'external-dirs': { kind: 'path-list' },
  pgport: { kind: 'number', least: 1n, most: 65_535n, unit: undefined },
  'log-filename': { kind: 'text', mostBytes: MOST_NAME_BYTES },
  'error-log-filename': { kind: 'text', mostBytes: MOST_NAME_BYTES },
  'remote-proto': { kind: 'choice', words: ['ssh', 'none'] },
}

/** A connection string in place of the name of a database may carry a password. */
const PASSWORD = /password\s*=|^postgres(ql)?:\/\/[^/@]*:[^/@]*@/i

/** What may be saved under a key. */
export function settingInput({ key, value: kind }: ConfigKey): SettingInput {
  const own = OWN_INPUTS[key]
  if (own !== undefined) return own
  switch (kind.kind) {
    case 'text':
      return { kind: 'text', mostBytes: MOST_BYTES }
    case 'choice':
      return { kind: 'choice', words: kind.words.filter((word) => !OWN_ALGORITHMS.has(word)) }
    case 'number':
      return { kind: 'number', least: 0n, most: kind.most, unit: kind.unit }
  }
}

/**
 * Checks a text that is to be saved, beyond what its form asks for. Pure.
 *
 * @throws {EngineError} `value.malformed` naming the key
 */
export function checkSetting(row: ConfigKey, text: string): void {
  const { key } = row
  if (/[\r\n\0]/.test(text)) throw malformed(`${key} is more than one line`)
  if (OWN_ALGORITHMS.has(text) && key === 'compress-algorithm') {
    throw malformed(
      `${text} cannot be a setting of an instance`,
      'Other programs would not read the instance any more; give it with each backup.',
    )
  }
  if (PASSWORD.test(text) && (key === 'pgdatabase' || key === 'master-db')) {
    throw malformed(
      `${key} holds a password`,
      'Others can read the file. Give the name alone; the password goes to ~/.pgpass or the key store.',
    )
  }
  const input = settingInput(row)
  switch (input.kind) {
    case 'path':
      return requireAbsolute(key, text)
    case 'path-list':
      if (text.toLowerCase() === 'none') return
      for (const one of text.split(':').filter((part) => part !== '')) requireAbsolute(key, one)
      return
    case 'text':
      if (new TextEncoder().encode(text).length <= input.mostBytes) return
      throw malformed(`${key} is longer than ${input.mostBytes} bytes`)
    case 'number':
      if (row.value.kind === 'number') return
      if (/^\d{1,18}$/.test(text) && BigInt(text) >= input.least && BigInt(text) <= input.most) return
      throw malformed(`${key} must be a whole number from ${input.least} to ${input.most}`)
    case 'choice':
      if (row.value.kind === 'choice' || input.words.includes(text)) return
      throw malformed(`${key} must be one of ${input.words.join(', ')}`)
  }
}

function requireAbsolute(key: string, text: string): void {
  if (!text.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(text))
    throw malformed(`${key}: "${text}" is not an absolute path`, 'Write the path from the root on.')
}

function malformed(message: string, hint?: string): EngineError {
  return new EngineError('value.malformed', message, { hint })
}
