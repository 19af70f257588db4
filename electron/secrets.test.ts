import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { SafeStorage } from 'electron'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { SecretStore } from '../engine/api/secrets.ts'
import { logTo } from '../engine/base/log.ts'
import { openSecretStore } from './secrets.ts'

let directory = ''
let file = ''
let warnings: string[]
let keyring: FakeKeyring

class FakeKeyring {
  backend = 'gnome_libsecret'
  isAvailable: boolean | Error = true
  isKeyLost = false
  isKeyOld = false
  writeCount = 0
  getSelectedStorageBackend(): string {
    return this.backend
  }
  isAsyncEncryptionAvailable(): Promise<boolean> {
    return this.isAvailable instanceof Error
      ? Promise.reject(this.isAvailable)
      : Promise.resolve(this.isAvailable)
  }
  encryptStringAsync(text: string): Promise<Buffer> {
    this.writeCount++
    return Promise.resolve(Buffer.from([...text].reverse().join('')))
  }
  decryptStringAsync(encrypted: Buffer): Promise<{ result: string; shouldReEncrypt: boolean }> {
    if (this.isKeyLost) return Promise.reject(new Error('no such key'))
    return Promise.resolve({
      result: [...encrypted.toString()].reverse().join(''),
      shouldReEncrypt: this.isKeyOld,
    })
  }
}

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'tidemark-secrets-'))
  file = path.join(directory, 'state', 'secrets.json')
  warnings = []
  keyring = new FakeKeyring()
})
afterEach(() => rm(directory, { recursive: true }))

function open(platform: NodeJS.Platform = 'linux'): Promise<SecretStore> {
  const log = logTo(({ level, message }) => {
    if (level === 'warning') warnings.push(message)
  })
  return openSecretStore({ file, safeStorage: keyring as unknown as SafeStorage, platform, log })
}

it('keeps encrypted values in a file for the owner alone', async () => {
  const store = await open()
  await store.write('orders', 'pass word')
  expect(store.kind).toBe('keyring')
  expect(await readFile(file, 'utf8')).not.toContain('pass word')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700)
  expect(await (await open()).read('orders')).toBe('pass word')
  expect(warnings).toEqual([])
})

it.each<[string, NodeJS.Platform, Partial<FakeKeyring>]>([
  ['Chromium would use its own key', 'linux', { backend: 'basic_text' }],
  ['the desktop is not known', 'linux', { backend: 'unknown' }],
  ['the keyring is locked', 'linux', { isAvailable: false }],
  ['the keyring fails', 'darwin', { isAvailable: new Error('denied') }],
])('writes nothing when %s, and says so', async (_when, platform, state) => {
  Object.assign(keyring, state)
  const store = await open(platform)
  await store.write('orders', 'pass')
  expect([store.kind, await store.read('orders')]).toEqual(['memory', 'pass'])
  await store.remove('orders')
  expect(await store.read('orders')).toBeUndefined()
  expect(await readdir(directory)).toEqual([])
  expect(warnings.at(-1)).toContain('in memory only')
  expect(keyring.writeCount).toBe(0)
})

it('asks no Linux question elsewhere', async () => {
  keyring.backend = 'unknown'
  expect((await open('win32')).kind).toBe('keyring')
})

it('keeps every one of many writes at once, and takes out what is removed', async () => {
  const store = await open()
  await Promise.all(Array.from({ length: 20 }, (_, at) => store.write(`i${at}`, `p${at}`)))
  await store.remove('i3')
  const again = await open()
  const found = await Promise.all(Array.from({ length: 20 }, (_, at) => again.read(`i${at}`)))
  expect(found).toEqual(Array.from({ length: 20 }, (_, at) => (at === 3 ? undefined : `p${at}`)))
  expect(await readdir(path.dirname(file))).toEqual(['secrets.json'])
})

it('forgets a value that another keyring encrypted, without telling it', async () => {
  await (await open()).write('orders', 'pass')
  keyring.isKeyLost = true
  expect(await (await open()).read('orders')).toBeUndefined()
  expect(warnings).toEqual(['a kept password cannot be decrypted: no such key'])
})

it('encrypts again when the key has changed', async () => {
  const store = await open()
  await store.write('orders', 'pass')
  keyring.isKeyOld = true
  expect(await store.read('orders')).toBe('pass')
  expect(keyring.writeCount).toBe(2)
})

it.each(['', '{', '{"version":2,"secrets":{}}', '{"version":1,"secrets":{"a":"%"}}'])(
  'begins anew when the file holds %j',
  async (text) => {
    await (await open()).write('orders', 'pass')
    await writeFile(file, text)
    expect(await (await open()).read('orders')).toBeUndefined()
    expect(warnings).toHaveLength(1)
  },
)
