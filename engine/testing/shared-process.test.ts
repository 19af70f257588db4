import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '..', '..')
const ALONE = '.alone.test.ts'

/** What would stay for the tests of other files, which run in the same process. */
const REPLACES = /\bvi\s*\.\s*(mock|doMock|resetModules|stubGlobal|stubEnv)\(/

const files = globSync('{engine,electron,renderer}/**/*.test.{ts,tsx}', { cwd: root })
const replacing = files.filter((file) => REPLACES.test(readFileSync(path.join(root, file), 'utf8')))

test('whoever replaces modules or globals has a process of its own', () => {
  expect(replacing.filter((file) => !file.endsWith(ALONE))).toEqual([])
})

test('nobody has a process of its own for nothing', () => {
  const alone = files.filter((file) => file.endsWith(ALONE))
  expect(alone.filter((file) => !replacing.includes(file))).toEqual([])
  expect(alone.length).toBeGreaterThan(0)
})
