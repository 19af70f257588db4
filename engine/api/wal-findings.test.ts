import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { makeArchiveCatalog } from '../testing/made-archive.ts'

test('a segment of the wrong size is a problem, though all its records can be read', async () => {
  await using made = await makeArchiveCatalog()
  await using engine = await startEngine()
  const ref = { catalog: made.catalog, instance: made.instance }
  const [whole = '', short = '', long = '', packed = '', part = ''] = Array.from({ length: 5 }, () =>
    made.addSegment(),
  )
  const bytesOf = (name: string): Buffer => readFileSync(path.join(made.walDirectory, name))
  const archive = (name: string, bytes: Uint8Array): void =>
    writeFileSync(path.join(made.archive, name), bytes)
  archive(whole, bytesOf(whole))
  // Each ends with a switch of segments: what follows it says nothing.
  archive(short, bytesOf(short).subarray(0, 500_000))
  archive(long, Buffer.concat([bytesOf(long), Buffer.alloc(8192)]))
  archive(`${packed}.gz`, gzipSync(bytesOf(packed)))
  archive(`${part}.partial`, bytesOf(part).subarray(0, 500_000))

  const read = await engine.ended(engine.client['wal.index.start'](ref))
  expect(read.error).toBeUndefined()
  const { findings } = await engine.client['wal.index-status'](ref)
  expect(findings.map(({ kind, segment, message }) => [kind, segment, message])).toEqual([
    ['truncated', short, 'has 500000 bytes instead of 1048576, and no server takes it'],
    ['truncated', long, 'has 1056768 bytes instead of 1048576, and no server takes it'],
  ])
})
