import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'

const FIXTURE = 'probackup-pg15-zlib16'
const why = whyNoFixture(FIXTURE)
const CLI = path.join(import.meta.dirname, '..', 'cli', 'main.ts')
const BACKUP = 'TOTUFL'
/** Root may do everything: then another user stands in, whom nothing belongs to. */
const READER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

let fixture: Awaited<ReturnType<typeof unpackFixture>> | undefined

beforeAll(async () => {
  if (why === '') fixture = await unpackFixture(FIXTURE)
})
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]()
})

/** The recorded catalog as a user sees it who may read and not write. */
async function readable() {
  const scratch = await scratchDirectory('reading-only')
  const catalog = path.join(scratch.path, 'catalog')
  await cp(path.join(fixture?.dir ?? '', 'catalog'), catalog, { recursive: true })
  for (let at = scratch.path; at !== path.dirname(at) && isOurs(at); at = path.dirname(at))
    chmodSync(at, statSync(at).mode | 0o11)
  const allow = (may: { readonly write: boolean }): void => {
    for (const entry of readdirSync(catalog, { recursive: true, withFileTypes: true }))
      chmodSync(
        path.join(entry.parentPath, entry.name),
        (entry.isDirectory() ? 0o555 : 0o444) | (may.write ? 0o200 : 0),
      )
    chmodSync(catalog, may.write ? 0o755 : 0o555)
  }
  allow({ write: false })
  const home = path.join(scratch.path, 'home')
  mkdirSync(home)
  if (READER.uid !== undefined) chownSync(home, READER.uid, READER.gid)
  const target = path.join(home, 'restored')
  return {
    target,
    directory: path.join(catalog, 'backups', 'main', BACKUP),
    async run(verb: string, ...words: readonly string[]) {
      const line = [CLI, verb, '-B', catalog, '--instance=main', '-i', BACKUP, ...words]
      const env = { PATH: process.env['PATH'], HOME: home }
      return await promisify(execFile)(process.execPath, line, { env, cwd: home, ...READER }).then(
        ({ stderr }) => ({ status: 0, err: stderr }),
        (thrown: { code: number; stderr: string }) => ({ status: thrown.code, err: thrown.stderr }),
      )
    },
    async [Symbol.asyncDispose]() {
      allow({ write: true })
      await scratch[Symbol.asyncDispose]()
    },
  }
}

function isOurs(directory: string): boolean {
  return statSync(directory).uid === process.getuid?.()
}

const UNLOCKED = 'nobody is kept from deleting or merging the backup meanwhile'

describe.skipIf(why !== '' || process.platform === 'win32')(
  `a catalog that may be read and not written${why}`,
  () => {
    test('is restored from and validated, and what that leaves open is said; a lock of another user counts', async () => {
      await using made = await readable()
      const tablespace = `/srv/fixture/zlib16/ts1=${path.join(path.dirname(made.target), 'ts1')}`
      const restore = () => made.run('restore', '-D', made.target, '-T', tablespace, '--skip-external-dirs')
      const lock = path.join(made.directory, 'backup.pid')
      const put = (change: () => void): void => {
        chmodSync(made.directory, 0o755)
        change()
        chmodSync(made.directory, 0o555)
      }
      // One of our own would be waited for.
      if (READER.uid !== undefined) {
        put(() => writeFileSync(lock, `${process.pid}\n`, { mode: 0o600 }))
        const refused = await restore()
        expect(refused).toMatchObject({ status: 1, err: expect.stringContaining('is held by') })
        expect(readdirSync(path.dirname(made.target))).not.toContain('restored')
        put(() => rmSync(lock))
      }

      const restored = await restore()
      expect(restored).toMatchObject({ status: 0, err: expect.stringContaining(UNLOCKED) })
      expect(readFileSync(path.join(made.target, 'PG_VERSION'), 'utf8')).toBe('15\n')
      expect(readdirSync(path.join(made.target, 'global'))).toContain('pg_control')
      const validated = await made.run('validate')
      expect(validated).toMatchObject({ status: 0, err: expect.stringContaining(UNLOCKED) })
      expect(readdirSync(made.directory)).not.toContain('backup_ro.pid')
    })
  },
)
