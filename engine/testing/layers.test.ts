import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '..', '..')
const cruiser = path.join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs')

/** Rule, a file that breaks it, what that file imports. One row for each rule: a rule that nobody can break is not checked. */
const violations: readonly [rule: string, from: string, to: string][] = [
  ['engine-base-looks-down', 'engine/base/a.ts', 'engine/server/b.ts'],
  ['engine-format-looks-down', 'engine/format/a.ts', 'engine/host/b.ts'],
  ['engine-kernel-looks-down', 'engine/kernel/a.ts', 'engine/compression/b.ts'],
  ['engine-compression-looks-down', 'engine/compression/a.ts', 'engine/host/b.ts'],
  ['engine-host-looks-down', 'engine/host/a.ts', 'engine/server/b.ts'],
  ['engine-jobs-looks-down', 'engine/jobs/a.ts', 'engine/operations/backup/b.ts'],
  ['engine-server-looks-down', 'engine/server/a.ts', 'engine/catalog/b.ts'],
  ['engine-catalog-looks-down', 'engine/catalog/a.ts', 'engine/server/b.ts'],
  ['engine-wal-index-looks-down', 'engine/wal-index/a.ts', 'engine/server/b.ts'],
  ['engine-operations-looks-down', 'engine/operations/backup/a.ts', 'engine/jobs/b.ts'],
  ['engine-api-looks-down', 'engine/api/a.ts', 'engine/cli/b.ts'],
  ['engine-cli-looks-down', 'engine/cli/a.ts', 'engine/catalog/b.ts'],
  ['engine-web-host-looks-down', 'engine/web-host/a.ts', 'engine/operations/steps/b.ts'],
  ['engine-demo-looks-down', 'engine/demo/a.ts', 'engine/catalog/b.ts'],
  ['engine-stands-alone', 'engine/api/a.ts', 'renderer/lib/b.ts'],
  ['format-is-pure', 'engine/format/a.ts', 'node:fs'],
  ['one-verb-one-folder', 'engine/operations/restore/a.ts', 'engine/operations/backup/b.ts'],
  ['renderer-speaks-the-contract', 'renderer/lib/a.ts', 'engine/server/b.ts'],
  ['features-do-not-mix', 'renderer/features/jobs/a.ts', 'renderer/features/chains/b.ts'],
  ['pictures-know-values-only', 'renderer/pictures/a.ts', 'renderer/features/chains/b.ts'],
  ['no-import-of-tests', 'engine/server/a.ts', 'engine/server/b.conformance.ts'],
  ['no-cycles', 'engine/base/a.ts', 'engine/base/a.ts'],
  ['resolvable', 'engine/base/a.ts', './nowhere.ts'],
  ['electron-stays-home', 'engine/api/a.ts', 'electron'],
  ['react-stays-home', 'electron/a.ts', 'react'],
  ['pg-stays-home', 'engine/catalog/a.ts', 'pg'],
  ['ws-stays-home', 'engine/api/a.ts', 'ws'],
  ['zod-stays-home', 'engine/server/a.ts', 'zod'],
]

type Violation = { readonly from: string; readonly rule: { readonly name: string } }

const found: Violation[] = []

// One run of the cruiser sees them all: it takes a second to start. Each row has files of its own, named by the rule.
beforeAll(async () => {
  await using tree = await emptyTree()
  const dependencies: Record<string, string> = {}
  for (const [rule, from, to] of violations) {
    const isFile = to.startsWith('engine/') || to.startsWith('renderer/')
    const isPackage = !isFile && !to.startsWith('node:') && !to.startsWith('.')
    const source = fileOf(rule, from)
    const target = isFile ? fileOf(rule, to) : to
    const imported = isFile ? `${'../'.repeat(source.split('/').length - 1)}${target}` : to
    await tree.put(source, `import { b } from '${imported}'\nexport const a = b\n`)
    if (isFile && to !== from) await tree.put(target, 'export const b = 1\n')
    if (isPackage) {
      await tree.put(`node_modules/${to}/index.js`, 'exports.b = 1\n')
      dependencies[to] = '*'
    }
  }
  await tree.put('engine/base/fine-b.ts', 'export const b = 1\n')
  await tree.put('engine/format/fine-a.ts', "import { b } from '../base/fine-b.ts'\nexport const a = b\n")
  await tree.put('package.json', JSON.stringify({ dependencies }))
  found.push(...(await cruise(tree.path)))
})

test.each(violations)('%s is caught', (rule, from) => {
  expect(rulesBrokenBy(fileOf(rule, from))).toContain(rule)
})

test('an import that looks down breaks no rule', () => {
  expect(rulesBrokenBy('engine/format/fine-a.ts')).toEqual([])
})

/** `engine/base/a.ts` as the row of a rule has it: `engine/base/a-of-that-rule.ts`, in the same directory. */
function fileOf(rule: string, file: string): string {
  const { dir, base } = path.posix.parse(file)
  return path.posix.join(dir, base.replace(/^[ab]/, `$&-of-${rule}`))
}

function rulesBrokenBy(file: string): readonly string[] {
  return found.filter(({ from }) => from === file).map(({ rule }) => rule.name)
}

async function emptyTree() {
  const directory = await mkdtemp(path.join(tmpdir(), 'tidemark-layers-'))
  return {
    path: directory,
    async put(file: string, text: string): Promise<void> {
      await mkdir(path.dirname(path.join(directory, file)), { recursive: true })
      await writeFile(path.join(directory, file), text)
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

async function cruise(tree: string): Promise<readonly Violation[]> {
  const args = [cruiser, '.', '--config', path.join(root, '.dependency-cruiser.cjs'), '--output-type', 'json']
  const { stdout } = await run(process.execPath, args, { cwd: tree, maxBuffer: 1 << 24 }).catch(
    (failed: { stdout: string }) => failed,
  )
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: readonly Violation[]; totalCruised: number }
  }
  expect(summary.totalCruised).toBeGreaterThan(violations.length)
  return summary.violations
}
