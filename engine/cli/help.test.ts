import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runCli } from '../testing/cli-world.ts'
import { formatCliDoc } from './cli-doc.ts'
import { COMMAND_NAMES, COMMANDS } from './command-list.ts'
import { OPTIONS, optionsOf } from './options.ts'

const noEngine = {
  openSession: () => Promise.reject(new Error('help must not open the engine')),
}

test.each(OPTIONS.map((option) => [option.long, option] as const))(
  '--%s says what it means',
  (_long, option) => {
    expect(option.meaning).toMatch(/^[\w"].{10,}\.$/)
    expect(option.commands.length).toBeGreaterThan(0)
  },
)

describe.each(COMMAND_NAMES)('the help of %s', (command) => {
  test('explains every option of the command', async () => {
    const { status, out, err } = await runCli([command, '--help'], noEngine)

    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toContain(COMMANDS[command].summary)
    for (const option of optionsOf(command)) {
      expect(out).toContain(`--${option.long}`)
      expect(out.replace(/\s+/g, ' ')).toContain(option.meaning)
    }
  })

  test('is the same in each spelling', async () => {
    const outputs = await Promise.all(
      [
        [command, '--help'],
        [command, '-?'],
        ['help', command],
      ].map((argv) => runCli(argv, noEngine)),
    )

    expect(new Set(outputs.map(({ out }) => out)).size).toBe(1)
  })

  test('fits a wide terminal', async () => {
    const { out } = await runCli(['help', command], noEngine)
    const long = out.split('\n').filter((line) => line.length > 100)

    expect(long).toEqual([])
  })
})

test.each([['help'], ['--help'], ['-?']])('"tidemark %s" lists every command', async (word) => {
  const { status, out } = await runCli([word], noEngine)

  expect(status).toBe(0)
  for (const command of COMMAND_NAMES) expect(out).toContain(`  ${command} `)
})

test.each([['version'], ['--version'], ['-V']])('"tidemark %s" prints the version', async (word) => {
  const { status, out } = await runCli([word], noEngine)

  expect({ status, out }).toEqual({ status: 0, out: 'tidemark 9.8.7 (Node.js 24.0.0, test)\n' })
})

test('help about a command that is not there fails with advice', async () => {
  const { status, err } = await runCli(['help', 'backupp'], noEngine)

  expect(status).toBe(1)
  expect(err).toBe('ERROR: there is no command "backupp"\nHINT: Did you mean "backup"?\n')
})

test('docs/cli.md says what the tables say, and the writer writes just that', () => {
  const docs = path.join(import.meta.dirname, '..', '..', 'docs', 'cli.md')
  const written = path.join(mkdtempSync(path.join(os.tmpdir(), 'tidemark-doc-')), 'cli.md')
  execFileSync(process.execPath, [fileURLToPath(new URL('./write-cli-doc.ts', import.meta.url)), written])

  expect(readFileSync(written, 'utf8')).toBe(formatCliDoc())
  expect(readFileSync(docs, 'utf8')).toBe(formatCliDoc())
  rmSync(path.dirname(written), { recursive: true })
})
