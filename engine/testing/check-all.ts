import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'

// What `npm run check` does: the scripts of package.json that read the code, in two rows at a time, then the unit tests,
// which take all cores for themselves. A script that fails holds up no other of its kind, only the tests.

const root = path.join(import.meta.dirname, '..', '..')
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}
/** The compiler takes as long as all others together. */
const ROWS = [['typecheck'], ['format', 'dead-code', 'layers', 'lint']]
const TESTS = 'test:unit'

const failed: string[] = []
await Promise.all(ROWS.map((row) => runRow(row)))
if (failed.length === 0 && !(await run(TESTS, 'as it comes'))) failed.push(TESTS)
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`)
  process.exitCode = 1
}

async function runRow(names: readonly string[]): Promise<void> {
  for (const name of names) if (!(await run(name, 'at the end'))) failed.push(name)
}

/** Runs a script and shows what it says. False when it fails. */
async function run(name: string, showing: 'as it comes' | 'at the end'): Promise<boolean> {
  const command = scripts[name]
  if (command === undefined) throw new Error(`package.json has no script "${name}"`)
  const started = performance.now()
  const bin = path.join(root, 'node_modules', '.bin')
  const child = spawn(command, {
    cwd: root,
    shell: true,
    stdio: showing === 'as it comes' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` },
  })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => said.push(bytes))
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${name}: ${status === 0 ? 'passed' : 'failed'} in ${seconds} s`)
  process.stdout.write(Buffer.concat(said))
  return status === 0
}
