import { readFile } from 'node:fs/promises'
import type { SafeStorage } from 'electron'
import { memorySecrets, type SecretStore } from '../engine/api/secrets.ts'
import { describeError } from '../engine/base/engine-error.ts'
import type { Log } from '../engine/base/log.ts'
import { writeFileAtomically } from './write-file-atomically.ts'

/** What {@link openSecretStore} needs. */
type SecretStoreOptions = {
  /** Holds the encrypted values; made when the first one is written, readable by its owner only. */
  readonly file: string
  readonly safeStorage: SafeStorage
  readonly platform: NodeJS.Platform
  readonly log: Log
}

/** What the file holds: by name, each value encrypted by the system's keyring and in base64. */
type StoredSecrets = { readonly version: 1; readonly secrets: Readonly<Record<string, string>> }

/**
 * Opens the store of passwords: encrypted by the system's keyring, or in memory where there is none. Without a
 * keyring Chromium would encrypt with a key that is in its source (`basic_text`), which is no better than plain text;
 * such a value is never written.
 */
export async function openSecretStore(options: SecretStoreOptions): Promise<SecretStore> {
  if (await hasKeyring(options)) return keyringStore(options)
  options.log.warning('no keyring: passwords are kept in memory only and forgotten at the end')
  return memorySecrets()
}

async function hasKeyring({ safeStorage, platform, log }: SecretStoreOptions): Promise<boolean> {
  if (platform === 'linux') {
    const backend = safeStorage.getSelectedStorageBackend()
    if (backend === 'basic_text' || backend === 'unknown') return false
  }
  try {
    return await safeStorage.isAsyncEncryptionAvailable()
  } catch (thrown) {
    log.warning(`the keyring cannot be used: ${describeError(thrown)}`)
    return false
  }
}

async function keyringStore({ file, safeStorage, log }: SecretStoreOptions): Promise<SecretStore> {
  const secrets = await readSecrets(file, log)
  // One write at a time: the second of two must not be overtaken by the first.
  let lastWrite: Promise<void> = Promise.resolve()

  const change = (apply: () => void): Promise<void> => {
    apply()
    const stored: StoredSecrets = { version: 1, secrets: Object.fromEntries(secrets) }
    const text = JSON.stringify(stored, undefined, 2)
    lastWrite = lastWrite.catch(() => undefined).then(() => writeFileAtomically(file, text))
    return lastWrite
  }
  const write = async (name: string, value: string): Promise<void> => {
    const encrypted = (await safeStorage.encryptStringAsync(value)).toString('base64')
    await change(() => void secrets.set(name, encrypted))
  }

  return {
    kind: 'keyring',
    async read(name) {
      const encrypted = secrets.get(name)
      if (encrypted === undefined) return undefined
      try {
        const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(
          Buffer.from(encrypted, 'base64'),
        )
        if (shouldReEncrypt) await write(name, result)
        return result
      } catch (thrown) {
        // Another user's keyring, or a new one: the value is lost, and the user is asked for it again.
        log.warning(`a kept password cannot be decrypted: ${describeError(thrown)}`)
        return undefined
      }
    },
    write,
    async remove(name) {
      if (secrets.has(name)) await change(() => void secrets.delete(name))
    },
  }
}

async function readSecrets(file: string, log: Log): Promise<Map<string, string>> {
  try {
    return parseSecrets(await readFile(file, 'utf8'))
  } catch (thrown) {
    const isAbsent = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    if (!isAbsent) log.warning(`the file of kept passwords cannot be read: ${describeError(thrown)}`)
    return new Map()
  }
}

function parseSecrets(text: string): Map<string, string> {
  const { version, secrets } = JSON.parse(text) as Partial<StoredSecrets>
  if (version !== 1) throw new Error(`its version is ${String(version)}`)
  const entries = Object.entries(secrets ?? {})
  const isBase64 = (value: unknown): boolean =>
    typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value)
  if (!entries.every(([, value]) => isBase64(value))) throw new Error('a value is not base64')
  return new Map(entries)
}
