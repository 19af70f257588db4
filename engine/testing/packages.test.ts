import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.join(import.meta.dirname, '..', '..')
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')
const manifest = JSON.parse(read('package.json')) as Readonly<
  Record<string, Readonly<Record<string, string>>>
>
const lock = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly link?: boolean }>>
}

/** One version and nothing else: `1.2.3`, `1.2.3-beta.4`, or the same behind an alias. */
const EXACT = /^(npm:@?[\w./-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/

describe('packages', () => {
  test.each(['dependencies', 'devDependencies', 'optionalDependencies'])('%s are pinned exactly', (group) => {
    const loose = Object.entries(manifest[group] ?? {}).filter(([, version]) => !EXACT.test(version))
    expect(loose).toEqual([])
  })

  test.each(['^1.2.3', '~1.2.3', '1.x', 'latest', '>=1.0.0', 'npm:left@^1.0.0', 'git+ssh://host/x'])(
    'a version like %s would be noticed',
    (version) => expect(EXACT.test(version)).toBe(false),
  )

  test('run no scripts when they are installed', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m)
  })

  test('are locked by their content, and not to one registry', () => {
    const unlocked = Object.entries(lock.packages).filter(
      ([name, { integrity }]) => name !== '' && integrity === undefined,
    )
    expect(unlocked).toEqual([])
    expect(read('package-lock.json')).not.toContain('"resolved"')
  })
})
