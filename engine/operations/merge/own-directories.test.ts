import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../../testing/scratch.ts'
import { requireOwnDirectories } from './own-directories.ts'

test.each(['database', 'database/base', 'database/base/1'])(
  'a merge does not go where %s is a link that leads out of the backup',
  async (link) => {
    await using scratch = await scratchDirectory('own-directories')
    const outside = path.join(scratch.path, 'outside')
    const root = path.join(scratch.path, 'backup')
    mkdirSync(path.join(outside, 'base', '1'), { recursive: true })
    mkdirSync(path.dirname(path.join(root, link)), { recursive: true })
    symlinkSync(outside, path.join(root, link))
    await expect(requireOwnDirectories(root, ['database', 'database/base/1'])).rejects.toMatchObject({
      code: 'backup.damaged',
      facts: { path: path.join(root, link) },
    })
  },
)

test('directories of its own, and such as are not there yet, are fine', async () => {
  await using scratch = await scratchDirectory('own-directories')
  mkdirSync(path.join(scratch.path, 'database', 'base'), { recursive: true })
  await requireOwnDirectories(scratch.path, [
    'database/base/1',
    path.join('external_directories', 'externaldir1'),
  ])
})
