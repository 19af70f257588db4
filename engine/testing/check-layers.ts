import { execFileSync } from 'node:child_process'
import path from 'node:path'

/** A check that cruised next to nothing has checked nothing: under a too new TypeScript the cruiser sees 0 modules and is content. */
const FEWEST_MODULES = 40

const root = path.join(import.meta.dirname, '..', '..')
const cruiser = path.join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs')

let report: string
try {
  report = execFileSync(
    process.execPath,
    [
      cruiser,
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'json',
      'engine',
      'electron',
      'renderer',
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
  )
} catch (failed) {
  report = (failed as { stdout: string }).stdout
}
const { summary } = JSON.parse(report) as {
  summary: { totalCruised: number; violations: { from: string; to: string; rule: { name: string } }[] }
}
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`)
console.log(`${summary.totalCruised} modules, ${summary.violations.length} violations`)
if (summary.totalCruised < FEWEST_MODULES) {
  console.error(`only ${summary.totalCruised} modules were seen; the check would pass by seeing nothing`)
  process.exit(1)
}
if (summary.violations.length > 0) process.exit(1)
