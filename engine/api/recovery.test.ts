import { cp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import type { RecoveryTargetInput } from './contract/restore.ts'
import { parseLsn } from '../base/lsn.ts'
import { runCli } from '../testing/cli-world.ts'
import { startEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { linkTree } from '../testing/link-tree.ts'
import { scratchDirectory } from '../testing/scratch.ts'

const FIXTURE = 'probackup-pg15-zlib16'
const why = whyNoFixture(FIXTURE)
/** The moment just before a table was dropped, as it was recorded with the catalog. */
const BEFORE_DROP = '2026-11-21 00:53:00.632961+00'
const named = { kind: 'name', name: 'before_drop' } as const

let fixture: Awaited<ReturnType<typeof unpackFixture>> | undefined

beforeAll(async () => {
  if (why === '') fixture = await unpackFixture(FIXTURE)
})
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]()
})

/** A copy of the recorded catalog that may lose files, and an engine that knows nothing of it. */
async function recorded() {
  const scratch = await scratchDirectory('recovery')
  linkTree(path.join(fixture?.dir ?? '', 'catalog'), path.join(scratch.path, 'catalog'))
  const engine = await startEngine()
  const ref = { catalog: path.join(scratch.path, 'catalog'), instance: 'main' }
  return {
    ref,
    engine,
    client: engine.client,
    lose: (...digits: readonly string[]) =>
      Promise.all(
        digits.map((one) => rm(path.join(ref.catalog, 'wal', 'main', `00000001${one.padStart(16, '0')}.gz`))),
      ),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await scratch[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(why !== '')(`the recorded catalog${why}`, () => {
  test('is one zone from the stop of its first backup to the end of the archive', async () => {
    await using made = await recorded()
    const { lanes, gaps, strandedIds } = await made.client['recovery.window'](made.ref)
    expect({ gaps, strandedIds }).toEqual({ gaps: [], strandedIds: [] })
    expect(lanes).toMatchObject([
      {
        timeline: 1,
        zones: [
          {
            from: '0/2000168',
            to: '0/F000000',
            baseId: 'TOTUFL',
            baseCount: 4,
            endsBy: 'archive-end',
            toTime: { isExact: false },
          },
        ],
        points: [],
      },
    ])
  })

  test('reaches the recorded moment by time, exactly once its WAL was read', async () => {
    await using made = await recorded()
    const target = { kind: 'time', at: BEFORE_DROP } as const
    const before = await made.client['recovery.moment']({ ...made.ref, target })
    expect(before).toMatchObject({ kind: 'reachable', chain: ['TOTUG8'], remarks: ['estimated'] })

    const job = await made.engine.ended(made.client['wal.index.start'](made.ref))
    expect(job.state).toBe('succeeded')
    const after = await made.client['recovery.moment']({ ...made.ref, target })
    expect(after).toMatchObject({ kind: 'reachable', chain: ['TOTUG8'], remarks: [] })
    const { lanes } = await made.client['recovery.window'](made.ref)
    expect(lanes[0]?.zones[0]).toMatchObject({ toTime: { isExact: true } })
  })

  test('knows the restore point once its WAL was read, and that others are not there', async () => {
    await using made = await recorded()
    const ask = (name: string) =>
      made.client['recovery.moment']({ ...made.ref, target: { kind: 'name', name } })
    expect(await ask(named.name)).toEqual({ kind: 'unknown', reason: { code: 'not-indexed', values: {} } })
    await made.engine.ended(made.client['wal.index.start'](made.ref))
    expect(await ask(named.name)).toMatchObject({ kind: 'reachable', chain: ['TOTUG8'] })
    expect(await ask('never_made')).toMatchObject({ kind: 'unreachable', reason: { code: 'not-found' } })
  })

  test('counts the commits that a moment loses, exactly once all WAL was read', async () => {
    await using made = await recorded()
    const lost = async (target: RecoveryTargetInput, isInclusive?: boolean) => {
      const verdict = await made.client['recovery.moment']({
        ...made.ref,
        target,
        ...(isInclusive !== undefined && { isInclusive }),
      })
      return verdict.kind === 'reachable' ? verdict.lost.commits : verdict
    }
    const time = { kind: 'time', at: BEFORE_DROP } as const
    expect(await lost(time)).toBeUndefined()

    await made.engine.ended(made.client['wal.index.start'](made.ref))
    const { commits } = await made.client['wal.commits']({ ...made.ref, limit: 1000 })
    const behind = (index: number) => commits.length - index - 1
    const last = commits.findLastIndex(({ at }) => at <= '2026-11-21T00:53:00.632961Z')
    expect(last).toBeGreaterThan(5)
    expect(await lost(time)).toBe(behind(last))
    const { xid, lsn, at } = commits[last] ?? expect.fail('there are commits before it')
    expect(await lost({ kind: 'xid', xid: String(xid) })).toBe(behind(last))
    expect(await lost({ kind: 'xid', xid: String(xid) }, false)).toBe(behind(last) + 1)
    expect(await lost({ kind: 'lsn', lsn })).toBe(behind(last))
    expect(await lost({ kind: 'lsn', lsn }, false)).toBe(behind(last) + 1)
    expect(await lost({ kind: 'time', at }, false)).toBe(behind(last) + 1)
    const { points } = await made.client['wal.restore-points']({ ...made.ref, name: named.name })
    const point = parseLsn(points[0]?.lsn ?? '')
    expect(await lost(named)).toBe(behind(commits.findLastIndex((one) => parseLsn(one.lsn) < point)))
    expect(await lost({ kind: 'latest' })).toBe(0)
  })

  test('knows when the latest moment was once all WAL was read', async () => {
    await using made = await recorded()
    const latest = async () => {
      const verdict = await made.client['recovery.moment']({ ...made.ref, target: { kind: 'latest' } })
      return verdict.kind === 'reachable' ? verdict.time : verdict
    }
    expect(await latest()).toMatchObject({ isExact: false })
    await made.engine.ended(made.client['wal.index.start'](made.ref))
    const { commits } = await made.client['wal.commits']({ ...made.ref, direction: 'backward', limit: 1 })
    expect(await latest()).toEqual({ isExact: true, at: commits[0]?.at })
  })

  test('is planned for the time of TIDEMARK_NOW', async () => {
    await using made = await recorded()
    await using later = await startEngine({ env: { TIDEMARK_NOW: '2031-06-15T12:00:00Z' } })
    const dataDirectory = path.join(path.dirname(made.ref.catalog), 'restored')
    const { recoverySettings } = await later.client['restore.plan']({
      ...made.ref,
      dataDirectory,
      target: named,
    })
    expect(recoverySettings).toContain('2031-06-15')
  })

  test('says that a timeline was left only where its archive ends by that', async () => {
    await using made = await recorded()
    const wal = path.join(made.ref.catalog, 'wal', 'main')
    await writeFile(path.join(wal, '00000002.history'), '1\t0/E000100\tbefore transaction 800\n')
    await cp(path.join(wal, '00000001000000000000000E.gz'), path.join(wal, '00000002000000000000000E.gz'))
    const ends = async () => {
      const { lanes } = await made.client['recovery.window'](made.ref)
      return lanes.map(({ zones }) => zones.map(({ to, endsBy }) => `${to} ${endsBy}`))
    }
    expect(await ends()).toEqual([['0/F000000 archive-end'], ['0/F000000 archive-end']])

    await made.lose('E')
    expect(await ends()).toEqual([['0/E000100 timeline-left'], ['0/F000000 archive-end']])
  })

  test('with lost segments has a gap that the next backup heals, and refuses what is in it', async () => {
    await using made = await recorded()
    await made.lose('5', '6')
    const { lanes, gaps } = await made.client['recovery.window'](made.ref)
    expect(lanes[0]?.zones.map(({ from, to, endsBy }) => [from, to, endsBy])).toEqual([
      ['0/2000168', '0/5000000', 'gap'],
      ['0/80000B8', '0/F000000', 'archive-end'],
    ])
    expect(gaps).toMatchObject([
      {
        firstSegment: '000000010000000000000005',
        lastSegment: '000000010000000000000006',
        segmentCount: 2,
        cause: 'missing',
        impacts: [{ timeline: 1, from: '0/5000000', to: '0/80000B8', healedBy: 'TOTUG6' }],
      },
    ])
    const refused = await made.client['recovery.moment']({
      ...made.ref,
      target: { kind: 'lsn', lsn: '0/6000028' },
    })
    expect(refused).toMatchObject({
      kind: 'unreachable',
      reason: { code: 'gap', values: { count: 2, first: '000000010000000000000005' } },
      before: { lsn: '0/4000168' },
      after: { lsn: '0/80000B8' },
    })
  })

  test('is listed by the command line, as a table and as JSON', async () => {
    await using made = await recorded()
    await made.lose('5')
    const command = ['window', '-B', made.ref.catalog, '--instance=main']
    const handlers = { 'recovery.window': async () => await made.client['recovery.window'](made.ref) }
    const plain = await runCli(command, { handlers })
    const cells = plain.out.split('\n').map((line) => line.trim().split(/ {2,}/).slice(0, 4).join(' '))
    expect(cells.slice(3, -1)).toEqual([
      '1 zone 0/2000168 0/5000000',
      '1 gap 0/5000000 0/6000000',
      '1 zone 0/80000B8 0/F000000',
    ])
    expect(plain.out).toContain('1 missing: 000000010000000000000005; healed by TOTUG6')
    const json = await runCli([...command, '--format=json'], { handlers })
    expect(JSON.parse(json.out)).toMatchObject({
      instance: 'main',
      timelines: [{ tli: 1, zones: [{ 'ends-by': 'gap' }, { 'ends-by': 'archive-end' }] }],
      gaps: [{ 'begin-segno': '000000010000000000000005', impacts: [{ 'healed-by': 'TOTUG6' }] }],
    })
    expect([plain.status, json.status]).toEqual([0, 0])
  })

  test('is not asked about a time that does not say its zone', async () => {
    await using made = await recorded()
    const ask = (zone?: string) =>
      made.client['recovery.moment']({
        ...made.ref,
        target: { kind: 'time', at: '2026-11-21 00:52:50' },
        ...(zone !== undefined && { zone }),
      })
    await expect(ask()).rejects.toThrow(EngineError)
    expect(await ask('UTC')).toMatchObject({ kind: 'reachable' })
    expect(await ask('Asia/Shanghai')).toMatchObject({ reason: { code: 'before-first-backup' } })
  })
})
