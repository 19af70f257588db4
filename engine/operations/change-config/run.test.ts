import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEngine } from '../../testing/engines.ts'
import { writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'

const FILE = `# ours since 2024
# Retention parameters
retention-window = 14
vgname = +data
`

describe('changing the settings of an instance', () => {
  test('saves exactly what was planned, and leaves what it does not know', async () => {
    await using scratch = await scratchDirectory('change-config')
    await using engine = await startEngine()
    const { ref, file } = made(scratch.path)
    const values = { 'retention-window': '30', 'archive-timeout': '600', pgport: 'none' }
    const plan = await engine.client['instances.plan-config']({ ...ref, values })
    expect(plan.problems).toMatchObject([{ key: 'pgport', error: { code: 'value.malformed' } }])
    expect(plan.lines).toEqual([
      { kind: 'new', text: '# Archive parameters' },
      { kind: 'new', text: 'archive-timeout = 10min' },
      { kind: 'gone', text: 'retention-window = 14' },
      { kind: 'new', text: 'retention-window = 30' },
    ])
    expect(readFileSync(file, 'utf8')).toBe(FILE)
    await expect(engine.client['instances.change-config']({ ...ref, values })).rejects.toMatchObject({
      code: 'value.malformed',
    })
    expect(readFileSync(file, 'utf8')).toBe(FILE)

    const { pgport: _, ...sound } = values
    const { hash } = await engine.client['instances.plan-config']({ ...ref, values: sound })
    await engine.client['instances.change-config']({ ...ref, values: sound, hash })
    expect(readFileSync(file, 'utf8')).toBe(`# ours since 2024
# Archive parameters
archive-timeout = 10min
# Retention parameters
retention-window = 30
vgname = +data
`)
    const { settings, kept } = await engine.client['instances.settings'](ref)
    expect(settings.filter(({ isOverridden }) => isOverridden).map(({ key }) => key)).toEqual([
      'archive-timeout',
      'retention-window',
    ])
    expect(kept).toEqual([{ key: 'vgname', line: 6, value: '+data', onlyIn: 'gs_probackup' }])
  })

  test('is refused when the file is not what was looked at', async () => {
    await using scratch = await scratchDirectory('change-config')
    await using engine = await startEngine()
    const { ref, file } = made(scratch.path)
    const values = { 'retention-window': '' }
    const { hash } = await engine.client['instances.plan-config']({ ...ref, values })
    writeFileSync(file, FILE.replace('14', '7'))
    await expect(engine.client['instances.change-config']({ ...ref, values, hash })).rejects.toMatchObject({
      code: 'plan.stale',
    })
    expect(readFileSync(file, 'utf8')).toContain('retention-window = 7')
  })

  test('leaves the file to whom it belongs, and readable to whom it was', async () => {
    await using scratch = await scratchDirectory('change-config')
    await using engine = await startEngine()
    const { ref, file } = made(scratch.path)
    chmodSync(file, 0o640)
    const isRoot = process.getuid?.() === 0
    if (isRoot) chownSync(file, 1234, 4321)
    const { uid, gid } = statSync(file)
    await engine.client['instances.change-config']({ ...ref, values: { 'retention-window': '30' } })
    expect(readFileSync(file, 'utf8')).toContain('retention-window = 30')
    const after = statSync(file)
    expect([after.mode & 0o777, after.uid, after.gid]).toEqual([0o640, uid, gid])
  })

  test('changes nothing in a file of another encoding, for other lines would be lost', async () => {
    await using scratch = await scratchDirectory('change-config')
    await using engine = await startEngine()
    const { ref, file } = made(scratch.path)
    const before = Buffer.from(`${FILE}external-dirs = /größe\n`, 'latin1')
    writeFileSync(file, before)
    await expect(
      engine.client['instances.change-config']({ ...ref, values: { 'retention-window': '30' } }),
    ).rejects.toMatchObject({ code: 'format.unsupported' })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('loses nothing of what is saved at the same time', async () => {
    await using scratch = await scratchDirectory('change-config')
    await using engine = await startEngine()
    const { ref, file } = made(scratch.path)
    const values = [
      ['retention-window', '30'],
      ['retention-redundancy', '3'],
      ['wal-depth', '2'],
      ['archive-timeout', '600'],
      ['compress-level', '4'],
    ] as const
    const saving = values.map(([key, value]) =>
      engine.client['instances.change-config']({ ...ref, values: { [key]: value } }),
    )
    await Promise.all(saving)
    const text = readFileSync(file, 'utf8')
    for (const [key] of values) expect(text).toContain(`${key} = `)
    expect(text).toContain('retention-window = 30')
  })

  test('loses nothing of what other processes save at the same time', async () => {
    await using scratch = await scratchDirectory('change-config')
    const { ref, file } = made(scratch.path)
    const script = `import { changeConfig } from ${JSON.stringify(path.join(import.meta.dirname, 'run.ts'))}
      const [catalog, key] = process.argv.slice(1)
      const ignore = () => undefined
      const log = { error: ignore, warning: ignore, info: ignore, log: ignore, verbose: ignore }
      const run = { signal: new AbortController().signal, log, report: ignore, clock: { nowMs: Date.now } }
      process.stdout.write('ready')
      process.stdin.once('data', async () => {
        for (let value = 1; value <= 8; value++) {
          await changeConfig({ catalog, instance: 'main', values: { [key]: String(value) } }, run)
        }
        process.exit(0)
      })`
    const keys = ['retention-redundancy', 'wal-depth', 'compress-level']
    const children = keys.map((key) =>
      spawn(process.execPath, ['--input-type=module', '-e', script, ref.catalog, key], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    )
    onTestFinished(() => {
      for (const child of children) child.kill('SIGKILL')
    })
    await Promise.all(children.map(async ({ stdout }) => await once(stdout, 'data')))
    const ended = children.map(async (child) => await once(child, 'exit'))
    for (const { stdin } of children) stdin.write('go')
    for (const [code] of await Promise.all(ended)) expect(code).toBe(0)
    const text = readFileSync(file, 'utf8')
    for (const key of keys) expect(text).toContain(`${key} = 8\n`)
    expect(readdirSync(path.dirname(file))).toEqual(['pg_probackup.conf'])
  })

  test('writes nothing when nothing differs, and names the file that it cannot read', async () => {
    await using scratch = await scratchDirectory('change-config')
    await using engine = await startEngine()
    const { ref, file } = made(scratch.path)
    const byHand = FILE.replace('retention-window = 14', 'Retention_Window=0xE')
    writeFileSync(file, byHand)
    await engine.client['instances.change-config']({ ...ref, values: { 'retention-window': '14' } })
    expect(readFileSync(file, 'utf8')).toBe(byHand)
    writeFileSync(file, 'what is this\n')
    await expect(engine.client['instances.settings'](ref)).rejects.toMatchObject({
      code: 'format.damaged',
      message: expect.stringContaining('pg_probackup.conf'),
    })
  })
})

function made(directory: string) {
  const catalog = path.join(directory, 'catalog')
  const file = path.join(writeCatalog(catalog), 'pg_probackup.conf')
  writeFileSync(file, FILE)
  return { ref: { catalog, instance: 'main' }, file }
}
