import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { makeArchiveCatalog, UNWATCHED } from '../testing/made-archive.ts'
import { readInventory } from './inventory.ts'
import { archiveOf } from './retention-archive.ts'
import { planWalPurge } from './wal-retention.ts'

/** Five segments of 1 MiB in gzip form, which a purge without any backup would delete. */
async function setUp() {
  const made = await makeArchiveCatalog()
  onTestFinished(() => made[Symbol.asyncDispose]())
  const names = Array.from({ length: 5 }, () => made.addSegment())
  for (const name of names)
    writeFileSync(
      path.join(made.archive, `${name}.gz`),
      gzipSync(readFileSync(path.join(made.walDirectory, name))),
    )
  const config = path.join(made.catalog, 'backups', 'main', 'pg_probackup.conf')
  return {
    made,
    names,
    change: (pattern: RegExp, line: string): void =>
      writeFileSync(config, readFileSync(config, 'utf8').replace(pattern, line)),
    async purge() {
      const inventory = await readInventory(made.catalog, made.instance, UNWATCHED)
      const archive = await archiveOf(inventory, UNWATCHED)
      return planWalPurge(archive, [], 0, 0).map(({ reason, files }) => [reason, files.length])
    },
  }
}

test.each([16_777_216, 2_097_152])(
  'nothing is purged when segments in gzip form are smaller than the configuration says (%i)',
  async (bytes) => {
    const { purge, change } = await setUp()
    expect(await purge()).toEqual([['no-backup', 5]])
    change(/xlog-seg-size = .*/, `xlog-seg-size = ${bytes}`)
    expect(await purge()).toEqual([['unread', 0]])
  },
)

test('a segment that cannot be read, or is of another cluster, says nothing', async () => {
  const { made, names, purge, change } = await setUp()
  change(/xlog-seg-size = .*/, 'xlog-seg-size = 2097152')
  change(/system-identifier = .*/, 'system-identifier = 7')
  expect(await purge()).toEqual([['no-backup', 5]])
  change(/system-identifier = .*/, `system-identifier = ${made.wal.systemIdentifier}`)
  for (const name of [names[0], names[4]]) writeFileSync(path.join(made.archive, `${name}.gz`), 'no gzip')
  expect(await purge()).toEqual([['no-backup', 5]])
  // The next one tells then.
  rmSync(path.join(made.archive, `${names[0]}.gz`))
  expect(await purge()).toEqual([['unread', 0]])
})
