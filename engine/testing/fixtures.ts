import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const FIXTURES = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures')
const UNPACK_TIMEOUT_MS = 60_000

/** Catalogs that the reference tools wrote. */
export type FixtureName = 'probackup-pg15-zlib16' | 'probackup-pg15-plain1' | 'pg_rman-pg15'

/** Ends a test's title when a fixture is not there; empty when it is. Such a test is skipped. */
export function whyNoFixture(name: FixtureName): string {
  return existsSync(archive(name)) ? '' : ` (skipped: ${path.basename(archive(name))} is not there)`
}

type Unpacked = { readonly dir: Promise<string>; users: number }

const unpacked = new Map<FixtureName, Unpacked>()

/**
 * Unpacks a fixture into a scratch directory. Everybody gets the same one, so nobody changes it. It goes with the
 * directory of the test run; where there is none, with the last in this process who disposes.
 */
export async function unpackFixture(name: FixtureName): Promise<AsyncDisposable & { readonly dir: string }> {
  const shelf = process.env['TIDEMARK_UNPACKED_FIXTURES']
  if (shelf !== undefined)
    return { dir: await unpackOnto(shelf, name), [Symbol.asyncDispose]: async () => {} }
  const shared = unpacked.get(name) ?? { dir: unpack(name), users: 0 }
  unpacked.set(name, shared)
  shared.users++
  const dispose = async (): Promise<void> => {
    shared.users--
    if (shared.users > 0) return
    unpacked.delete(name)
    await rm(await shared.dir, { recursive: true, force: true })
  }
  try {
    return { dir: await shared.dir, [Symbol.asyncDispose]: dispose }
  } catch (thrown) {
    unpacked.delete(name)
    throw thrown
  }
}

async function unpackOnto(shelf: string, name: FixtureName): Promise<string> {
  const place = path.join(shelf, name)
  if (existsSync(place)) return place
  await mkdir(shelf, { recursive: true, mode: 0o711 })
  const draft = await unpack(name, shelf)
  try {
    await rename(draft, place)
  } catch (thrown) {
    // Another process may have been faster; then its files serve.
    if (!existsSync(place)) throw thrown
    await rm(draft, { recursive: true, force: true })
  }
  return place
}

async function unpack(name: FixtureName, parent = os.tmpdir()): Promise<string> {
  const dir = await mkdtemp(path.join(parent, `${name}-`))
  try {
    await promisify(execFile)('tar', ['xJf', archive(name), '-C', dir], { timeout: UNPACK_TIMEOUT_MS })
    return dir
  } catch (thrown) {
    await rm(dir, { recursive: true, force: true })
    throw thrown
  }
}

function archive(name: FixtureName): string {
  return path.join(FIXTURES, `${name}.tar.xz`)
}
