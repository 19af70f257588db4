import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../../testing/scratch.ts'
import { overlap } from './overlap.ts'

test.each([
  ['cat', true],
  ['cat/', true],
  ['cat/wal/main', true],
  ['cat/nothing/there', true],
  ['.', true],
  ['alias', true],
  ['alias/wal/nothing', true],
  ['cat/../cat/wal', true],
  ['catalogue', false],
  ['elsewhere/cat', false],
])('%s and the catalog beside it: %s', async (place, expected) => {
  await using scratch = await scratchDirectory('overlap')
  const root = scratch.path
  mkdirSync(path.join(root, 'cat/wal/main'), { recursive: true })
  symlinkSync(path.join(root, 'cat'), path.join(root, 'alias'))
  expect(await overlap(`${root}/${place}`, path.join(root, 'cat'))).toBe(expected)
})
