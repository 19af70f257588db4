import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'

const FIXTURE = 'probackup-pg15-zlib16'
const why = whyNoFixture(FIXTURE)
/** The moment just before a table was dropped, as it was recorded with the catalog. */
const target = { kind: 'time', at: '2026-11-21 00:53:00.632961+00' } as const

let fixture: Awaited<ReturnType<typeof unpackFixture>> | undefined

beforeAll(async () => {
  if (why === '') fixture = await unpackFixture(FIXTURE)
})
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]()
})

/** What is asked before a restore, of an engine that has nowhere to keep an index. */
async function expectEstimates(stateDirectory: string, code: string, spoil: () => Promise<void>) {
  await using engine = await startEngine({ stateDirectory })
  await spoil()
  const ref = { catalog: path.join(fixture?.dir ?? '', 'catalog'), instance: 'main' }
  const { lanes } = await engine.client['recovery.window'](ref)
  expect(lanes).toMatchObject([{ zones: [{ baseId: 'TOTUFL', toTime: { isExact: false } }] }])
  expect(await engine.client['recovery.moment']({ ...ref, target })).toMatchObject({
    kind: 'reachable',
    chain: ['TOTUG8'],
    remarks: ['estimated'],
  })
  // Who asks for the index is told.
  await expect(engine.client['wal.index-status'](ref)).rejects.toMatchObject({ code })
}

describe.skipIf(why !== '')(`moments without an index, which only makes them exact${why}`, () => {
  test('where its directory cannot be made', async () => {
    await using scratch = await scratchDirectory('no-index')
    await expectEstimates(scratch.path, 'storage.exists', () =>
      writeFile(path.join(scratch.path, 'wal-index'), 'not a directory'),
    )
  })

  const whyNot = whyNoTinyDisk()
  test.skipIf(whyNot !== '')(`where the disk is full${whyNot}`, async () => {
    await using scratch = await scratchDirectory('no-index')
    await using disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 1 << 20 })
    await expectEstimates(path.join(disk.path, 'state'), 'storage.full', () => disk.fill(0))
  })
})
