import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSession } from '../cli/session.ts'
import { runCli } from '../testing/cli-world.ts'
import { type FixtureName, unpackFixture, whyNoFixture } from '../testing/fixtures.ts'

const FIXTURES: readonly FixtureName[] = ['probackup-pg15-plain1', 'probackup-pg15-zlib16']

describe.each(FIXTURES)('the catalog %s, through command line and engine', (name) => {
  const missing = whyNoFixture(name)
  let fixture: Awaited<ReturnType<typeof unpackFixture>>
  let zoneBefore: string | undefined

  beforeAll(async () => {
    zoneBefore = process.env['TZ']
    process.env['TZ'] = 'UTC'
    if (missing === '') fixture = await unpackFixture(name)
  })
  afterAll(async () => {
    if (zoneBefore === undefined) delete process.env['TZ']
    else process.env['TZ'] = zoneBefore
    if (missing === '') await fixture[Symbol.asyncDispose]()
  })

  const run = (...argv: string[]) =>
    runCli([...argv, '-B', path.join(fixture.dir, 'catalog')], {
      // The reference tool ran as the operating system's user postgres, which names its default database.
      openSession: (log) => openSession({ PGUSER: 'postgres' }, log),
    })
  const recorded = (file: string) => readFile(path.join(fixture.dir, file), 'utf8')

  test.skipIf(missing !== '')(`is listed as the reference tool listed it${missing}`, async () => {
    const plain = await run('show')
    const json = await run('show', '--format=json')

    expect(plain).toEqual({ status: 0, out: await recorded('show.txt'), err: '' })
    expect(json).toEqual({ status: 0, out: await recorded('show.json'), err: '' })
  })

  test.skipIf(missing !== '')('has its WAL archive listed as the reference tool listed it', async () => {
    const { status, out, err } = await run('show', '--archive', '--format=json')

    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toBe(await recorded('show-archive.json'))
  })

  test.skipIf(missing !== '')('has the settings that the reference tool showed', async () => {
    const { status, out, err } = await run('show-config', '--instance=main', '--format=json')

    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(JSON.parse(out)).toEqual({ ...(JSON.parse(await recorded('show-config.json')) as object) })
  })

  test.skipIf(missing !== '')('shows one backup as its control file says', async () => {
    const list = JSON.parse(await recorded('show.json')) as [{ backups: { id: string }[] }]
    for (const { id } of list[0].backups) {
      const { out } = await run('show', '--instance=main', '-i', id)
      const control = await recorded(path.join('catalog', 'backups', 'main', id, 'backup.control'))

      expect(out.startsWith(control)).toBe(true)
      expect(out.slice(control.length)).toMatch(/^\ntablespace_map = '16384 .*\/ts1'\n$/)
    }
  })
})
