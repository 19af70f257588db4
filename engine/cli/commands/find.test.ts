import { describe, expect, test } from 'vitest'
import { ERROR_ADVICE } from '../../base/error-advice.ts'
import type { AccidentRecord, CommitRecord } from '../../api/contract/wal-index.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import { jobHandlers, ON_MAIN, recorder, runCli } from '../../testing/cli-world.ts'

const at = '2026-11-21T09:12:41.118003Z' as IsoTime
const place = { timeline: 1, lsn: '0/3000060', endLsn: '0/3000188', at, xid: 48_213 }

const dropped: AccidentRecord = {
  ...place,
  kind: 'drop',
  count: 6,
  databaseOid: 5,
  relations: [16_411, 16_410, 16_407, 16_408, 16_409].map((relationNumber) => ({
    tablespaceOid: 1663,
    databaseOid: 5,
    relationNumber,
  })),
  databases: [],
  truncatedOids: [],
}

const commit: CommitRecord = { ...place, isAborted: false, deleted: 12, inserted: 0, updated: 3, dropped: 0 }

const read = {
  'wal.index.start': async () => ({ job: 'job-1' }),
  ...jobHandlers({
    kind: 'index-wal',
    result: {
      kind: 'index-wal',
      readSegments: 3,
      readBytes: 3 << 24,
      removedSegments: 0,
      commits: 7,
      findingCount: 0,
    },
  }),
}

describe('find', () => {
  test.each([
    [['--what=commits', '--relation=ledger'], /--relation does not narrow --what=commits/],
    [['--what=restore-points', '--xid=7'], /--xid does not narrow/],
    [['--what=segments', '--min-deleted=7'], /--min-deleted does not narrow/],
    [['--what=restore-points', '--min-updated=7'], /--min-updated does not narrow/],
    [['--from=2026-11-21 19:00+00', '--to=2026-11-21 18:00+00'], /--from=.* is later than --to=/],
  ])('refuses %j instead of finding nothing, or too much', async (options, message) => {
    const { status, err } = await runCli(['find', ...ON_MAIN, ...options])
    expect(status).toBe(1)
    expect(err).toMatch(message)
  })

  test('takes a moment that is both the first and the last', async () => {
    const { status } = await runCli(['find', ...ON_MAIN, '--from=2026-11-21', '--to=2026-11-21'], {
      handlers: { ...read, 'wal.accidents': recorder({ accidents: [dropped] }).handler },
    })
    expect(status).toBe(0)
  })

  test('lists accidents with the files that are gone', async () => {
    const { asked, handler } = recorder({ accidents: [dropped] })
    const { status, out, err } = await runCli(['find', ...ON_MAIN], {
      handlers: { ...read, 'wal.accidents': handler },
    })
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', limit: 100 }])
    expect(out).toContain('5/16411, 5/16410, 5/16407, 5/16408 and 2 more')
    expect(out).toMatch(/12:41\.118003[+-]\d+.* 1 .*48213 .*0\/3000060 .*dropped .* 6 /)
  })

  test('tells what is gone by name, and why some of it has none', async () => {
    const file = { tablespaceOid: 1663, databaseOid: 5 }
    const name = {
      database: 'shop',
      schema: 'public',
      otherNames: [],
      isInferred: false,
      backupId: 'TOTUG8',
      owner: undefined,
    }
    const owner = { schema: 'public', relation: 'ledger' }
    const { asked, handler } = recorder({
      accidents: [
        {
          ...dropped,
          count: 6,
          relations: [
            { ...file, relationNumber: 3, name: { ...name, relation: 'a', kind: 'index', owner } },
            { ...file, relationNumber: 1, name: { ...name, relation: 'ledger', kind: 'table' } },
            { ...file, relationNumber: 4, name: { ...name, relation: 'b', kind: 'index', owner } },
            { ...file, relationNumber: 5, name: { ...name, relation: 'pg_toast_1', kind: 'toast', owner } },
            {
              ...file,
              relationNumber: 6,
              name: {
                ...name,
                relation: 'Odd "1"\u001b[2J',
                kind: 'table',
                isInferred: true,
                otherNames: [{ schema: 'public', relation: 'plain' }],
              },
            },
            { ...file, relationNumber: 7 },
          ],
          namesProblem: { code: 'names.not-in-backup', values: { backup: 'TOTUG8' } },
        },
        { ...dropped, kind: 'database-drop', relations: [], count: 1, databases: [16_385] },
        {
          ...dropped,
          kind: 'database-drop',
          relations: [],
          count: 1,
          databases: [16_386],
          databaseNames: [{ oid: 16_386, name: 'shop' }],
        },
      ],
    })
    const { out } = await runCli(['find', ...ON_MAIN, '--relation=public.ledger'], {
      handlers: { ...read, 'wal.accidents': handler },
    })
    expect(asked).toMatchObject([{ relationName: 'public.ledger' }])
    expect(out).toContain(
      'table shop.public.ledger (with 2 indexes, TOAST), ' +
        String.raw`probably table shop.public."Odd ""1""\u001b[2J" (also called public.plain), 5/7`,
    )
    expect(out).toMatch(/ database 16385 /)
    expect(out).toMatch(/ database shop \(16386\) /)
    expect(out).toContain('Without a name: not in backup TOTUG8\n')
    const byNumber = recorder({ accidents: [] })
    await runCli(['find', ...ON_MAIN, '--relation=16389'], {
      handlers: { ...read, 'wal.accidents': byNumber.handler },
    })
    expect(byNumber.asked).toMatchObject([{ relationNumber: 16_389 }])
  })

  test('asks for what the options say', async () => {
    const { asked, handler } = recorder({ commits: [commit], next: undefined })
    const words = [
      '--what=commits',
      '--from=2026-11-21 10:00:00.5+08',
      '--to=2026-11-21 11:00:00+08',
      '--limit=5',
    ]
    const { out } = await runCli(
      ['find', ...ON_MAIN, ...words, '--xid=48213', '--on-timeline=1', '--min-deleted=10', '--format=json'],
      { handlers: { ...read, 'wal.commits': handler } },
    )
    expect(asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        from: '2026-11-21 10:00:00.5+08',
        to: '2026-11-21 11:00:00+08',
        timeline: 1,
        xid: 48_213,
        minDeleted: 10,
        limit: 5,
        direction: 'backward',
      },
    ])
    expect(JSON.parse(out)).toEqual([
      {
        time: at,
        tli: 1,
        lsn: '0/3000060',
        'end-lsn': '0/3000188',
        xid: 48_213,
        aborted: false,
        deleted: 12,
        inserted: 0,
        updated: 3,
        dropped: 0,
      },
    ])
  })

  test('says of a transaction that it was aborted', async () => {
    const { handler } = recorder({ commits: [{ ...commit, isAborted: true }] })
    const { out } = await runCli(['find', ...ON_MAIN, '--what=commits', '--xid=48213'], {
      handlers: { ...read, 'wal.commits': handler },
    })
    expect(out).toMatch(/48213 .*aborted /)
    const { handler: accidents } = recorder({
      accidents: [{ ...dropped, kind: 'abort', count: 0, relations: [] }],
    })
    const asked = await runCli(['find', ...ON_MAIN, '--xid=48213'], {
      handlers: { ...read, 'wal.accidents': accidents },
    })
    expect(asked.out).toMatch(/48213 .*aborted +0/)
  })

  test('lists restore points, and segments page by page', async () => {
    const { out: points } = await runCli(['find', ...ON_MAIN, '--what=restore-points'], {
      handlers: {
        ...read,
        'wal.restore-points': async () => ({ points: [{ ...place, name: 'before it' }] }),
      },
    })
    expect(points).toContain('before it')
    const segment = {
      file: 'x',
      backupId: undefined,
      timeline: 1,
      number: '3',
      sizeBytes: 1 << 24,
      abortCount: 0,
      commitCount: 0,
      first: undefined,
      last: { lsn: '0/3000060', at },
    }
    const { out: segments } = await runCli(['find', ...ON_MAIN, '--what=segments'], {
      handlers: {
        ...read,
        'wal.segments': async ({ after }) =>
          after === undefined
            ? { segments: [{ ...segment, segment: 'A', state: 'whole' }], next: '/A' }
            : { segments: [{ ...segment, segment: 'B', state: 'crc-mismatch' }], next: undefined },
      },
    })
    expect(segments).toMatch(/A .*16MB.*whole[\s\S]*B .*crc-mismatch/)
  })

  test('lists as many segments of a timeline and a time as were asked for, the latest first', async () => {
    const { handler, asked } = recorder({ segments: [], next: undefined })
    const argv = ['--what=segments', '--limit=2', '--on-timeline=3', '--from=2026-11-21T00:00:00Z']
    await runCli(['find', ...ON_MAIN, ...argv], { handlers: { ...read, 'wal.segments': handler } })
    expect(asked).toMatchObject([{ limit: 2, timeline: 3, direction: 'backward', from: expect.any(String) }])
  })

  test('asks nothing when the WAL cannot be read', async () => {
    const failed = jobHandlers({
      kind: 'index-wal',
      state: 'failed',
      error: { code: 'storage.denied', message: 'cannot read it' },
    })
    const { status, out, err } = await runCli(['find', ...ON_MAIN], { handlers: { ...read, ...failed } })
    expect({ status, out, err }).toEqual({
      status: 1,
      out: '',
      err: `ERROR: cannot read it\nHINT: ${ERROR_ADVICE['storage.denied']}\n`,
    })
  })

  test('leads to the help of the command at hand where nothing better is known', async () => {
    const error = { code: 'usage.invalid', message: 'that makes no sense' } as const
    const failed = jobHandlers({ kind: 'index-wal', state: 'failed', error })
    const { err } = await runCli(['find', ...ON_MAIN], { handlers: { ...read, ...failed } })
    expect(err).toBe('ERROR: that makes no sense\nHINT: See "tidemark help find".\n')
  })
})
