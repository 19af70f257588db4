import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { EngineHandlers } from '../api/contract/contract.ts'
import type { ConfigEntry } from '../api/contract/instances.ts'
import { runCli } from '../testing/cli-world.ts'

describe('show-config', () => {
  const handlers: Partial<EngineHandlers> = {
    'instances.config': async () => [
      setting('Backup instance information', 'pgdata', '/srv/data'),
      setting('Backup instance information', 'xlog-seg-size', '16777216'),
      setting('Archive parameters', 'archive-timeout', '5min', '300'),
      setting('Logging parameters', 'log-rotation-age', '1d', '86400000'),
    ],
  }
  const line = ['show-config', '-B', '/srv/catalog', '--instance=main']

  test('prints groups and values in the largest units', async () => {
    expect((await runCli(line, { handlers })).out).toBe(`# Backup instance information
pgdata = /srv/data
xlog-seg-size = 16777216
# Archive parameters
archive-timeout = 5min
# Logging parameters
log-rotation-age = 1d
`)
  })

  test('marks what is not in the file, for people alone', async () => {
    const entries = [
      setting('Connection parameters', 'pgdatabase', 'ann'),
      setting('Connection parameters', 'pghost', 'db.example'),
      setting('Archive parameters', 'archive-timeout', '5min', '300'),
    ].map((entry) => ({ ...entry, isSet: false }))
    const [database, host, timeout] = entries
    const derived = [
      { ...database, derivedFrom: 'environment' },
      { ...host, derivedFrom: 'remote-host' },
      timeout,
    ] as ConfigEntry[]
    const own = { handlers: { 'instances.config': async () => derived } }

    expect((await runCli(line, own)).out).toBe(`# Connection parameters
pgdatabase = ann  # from the environment
pghost = db.example  # from remote-host
# Archive parameters
archive-timeout = 5min  # default
`)
    expect((await runCli([...line, '--format=json'], own)).out).not.toContain('#')
  })

  test('prints base units when asked to', async () => {
    const { out } = await runCli([...line, '--no-scale-units'], { handlers })

    expect(out).toContain('archive-timeout = 300\n')
    expect(out).toContain('log-rotation-age = 86400000\n')
  })

  test('prints numbers in the JSON of base units, texts in the other', async () => {
    const based = await runCli([...line, '--no-scale-units', '--format=json'], { handlers })
    expect(based.out).toContain('"pgdata": "/srv/data"')
    expect(based.out).toContain('"xlog-seg-size": 16777216,')
    expect(based.out).toContain('"log-rotation-age": 86400000\n')
    const scaled = await runCli([...line, '--format=json'], { handlers })
    expect(scaled.out).toContain('"xlog-seg-size": "16777216",')
  })

  test.each(['plain1', 'zlib16'])('gives the JSON that the reference tool gives for %s', async (name) => {
    const golden = readFileSync(
      path.join(import.meta.dirname, 'golden', name, 'show-config-json.txt'),
      'utf8',
    )
    const recorded = JSON.parse(golden) as Record<string, string>
    const entries = Object.entries(recorded).map(([key, value]) => setting('', key, value))
    const { out } = await runCli([...line, '--format=json'], {
      handlers: { 'instances.config': async () => entries },
    })

    expect(out).toBe(golden)
  })
})

function setting(group: string, key: string, value: string, baseValue = value) {
  return { group, key, value, baseValue, isNumber: /^\d+$/.test(baseValue), isSet: true }
}
