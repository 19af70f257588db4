import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../testing/cli-world.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'

const FIXTURE = 'probackup-pg15-zlib16'
const why = whyNoFixture(FIXTURE)
const LATER = 'Choose a later target: nothing before the end of the oldest backup can be restored.'

describe.skipIf(why !== '')(`a target before every backup of a recorded catalog${why}`, () => {
  const cleanUp = new AsyncDisposableStack()
  let engine: TestEngine
  let ref: { readonly catalog: string; readonly instance: string }
  let dataDirectory: string
  beforeAll(async () => {
    const fixture = cleanUp.use(await unpackFixture(FIXTURE))
    dataDirectory = path.join(cleanUp.use(await scratchDirectory('before-backups')).path, 'data')
    engine = cleanUp.use(await startEngine())
    ref = { catalog: path.join(fixture.dir, 'catalog'), instance: 'main' }
  })
  afterAll(() => cleanUp.disposeAsync())

  const cli = async (...argv: readonly string[]) =>
    await runCli([argv[0] ?? '', '-B', ref.catalog, '--instance=main', ...argv.slice(1)], {
      handlers: engine.client,
    })
  const OLDEST = /before the end of backup TOTUFL, .*: LSN 0\/2000168, time 2026-11-21 .*, xid 7\d\d$/m

  test.each([
    ['xid=700', OLDEST],
    ['time=2026-01-01 00:00:00+00', OLDEST],
    ['lsn=0/1000', OLDEST],
  ])('%s is said to be before the oldest one, by validate and by restore', async (target, said) => {
    for (const argv of [['validate'], ['restore', '-D', dataDirectory]]) {
      const { status, err } = await cli(...argv, `--recovery-target-${target}`)
      expect(status).toBe(1)
      expect(err).toMatch(said)
      expect(err).toMatch(new RegExp(`^HINT: .*${LATER}`, 'm'))
      expect(err).not.toContain('recovery can be done up to')
    }
  })

  test('a transaction that did not come yet is not', async () => {
    for (const argv of [['validate'], ['restore', '-D', dataDirectory]]) {
      const { err } = await cli(...argv, '--recovery-target-xid=70000')
      expect(err).toMatch(/recovery can be done up to time .*, xid 779/)
      expect(err).toMatch(/^HINT: .*Choose an earlier target or another timeline/m)
    }
  })

  test('is blocked in the pre-flight of the window by a line of its own, and in its verdict', async () => {
    const target = { kind: 'xid', xid: '700' } as const
    const plan = await engine.client['restore.plan']({ ...ref, target, dataDirectory })
    expect(plan.preflight.filter(({ code }) => code === 'wal')).toMatchObject([
      {
        state: 'blocked',
        sentence: { code: 'wal-ended-before', values: { id: 'TOTUFL', lsn: '0/2000168' } },
        hint: { code: 'later-target' },
      },
    ])
    await engine.ended(engine.client['wal.index.start'](ref))
    const ask = async (xid: string) =>
      await engine.client['recovery.moment']({ ...ref, target: { kind: 'xid', xid } })
    expect(await ask('700')).toMatchObject({
      kind: 'unreachable',
      reason: { code: 'before-first-backup', values: { id: 'TOTUFL', lsn: '0/2000168' } },
    })
    expect(await ask('70000')).toMatchObject({ kind: 'unreachable', reason: { code: 'not-found' } })
  })
})
