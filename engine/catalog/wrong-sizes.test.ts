import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { UNWATCHED } from '../testing/made-archive.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { readWalArchive } from './wal-archive.ts'
import { wrongSizes } from './wrong-sizes.ts'

const MIB = 1 << 20
const nameOf = (number: number): string => `00000001000000000000000${number}`

test('a segment is named that is too short or too long, and none that is compressed, partial or whole', async () => {
  await using scratch = await scratchDirectory('wrong-sizes')
  const archive = path.join(scratch.path, 'wal', 'main')
  mkdirSync(archive, { recursive: true })
  const put = (name: string, bytes: number): void => {
    writeFileSync(path.join(archive, name), '')
    truncateSync(path.join(archive, name), bytes)
  }
  put(nameOf(1), MIB)
  put(nameOf(2), 100_000)
  put(nameOf(3), MIB + 1)
  put(`${nameOf(4)}.gz`, 100)
  put(`${nameOf(5)}.partial`, 100)

  expect(wrongSizes(await readWalArchive(scratch.path, 'main', MIB, UNWATCHED))).toEqual([
    { name: nameOf(2), message: 'has 100000 bytes instead of 1048576, and no server takes it' },
    { name: nameOf(3), message: 'has 1048577 bytes instead of 1048576, and no server takes it' },
  ])
})
