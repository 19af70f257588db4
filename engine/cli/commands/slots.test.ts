import { describe, expect, test } from 'vitest'
import type { SlotDropOutcome, SlotList, SlotRecord } from '../../api/contract/slots.ts'
import type { BackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { parseLsn } from '../../base/lsn.ts'
import { ON_MAIN, recorder, runCli } from '../../testing/cli-world.ts'
import { IDLE_SLOT } from '../../testing/made-slot.ts'

const slot = (change: Partial<SlotRecord>): SlotRecord => ({
  ...IDLE_SLOT,
  isOfReceiver: false,
  isBeforeNewest: true,
  ...change,
})

const LIST: SlotList = {
  nowLsn: parseLsn('0/5000000'),
  maxSlots: 10,
  newestBackup: { id: 'TOTTEK' as BackupId, startLsn: parseLsn('0/4000028') },
  slots: [
    slot({}),
    slot({
      name: 'ours',
      kind: 'physical',
      plugin: undefined,
      database: undefined,
      isActive: true,
      client: 'tidemark',
      activePid: 77,
      behindBytes: 0,
      walStatus: 'reserved',
      xidAge: undefined,
      isOfReceiver: true,
      isBeforeNewest: false,
    }),
    slot({ name: 'unused', restartLsn: undefined, behindBytes: undefined, isBeforeNewest: false }),
    slot({ name: 'dead', restartLsn: undefined, walStatus: 'lost', isBeforeNewest: false }),
  ],
}

const listed = { 'wal.slots': async () => LIST }

describe('slots', () => {
  test('lists every slot with what is worth a look', async () => {
    const { status, out, err } = await runCli(['slots', ...ON_MAIN], { handlers: listed })
    expect({ status, err }).toEqual({ status: 0, err: '' })
    const [feed, ours, unused, dead] = out.trimEnd().split('\n').slice(3)
    expect(feed).toMatch(
      /feed +logical +pgoutput +shop +no +0\/3000000 +32MB +---- +12 +extended +older than backup TOTTEK, which starts at 0\/4000028/,
    )
    expect(ours).toMatch(/ours +physical +---- +---- +yes .* of the WAL receiver; used by tidemark/)
    expect(unused).toContain('never used yet')
    expect(dead).toContain('has lost its WAL')
    expect(dead).not.toContain('never used')
  })

  test('gives the same to programs', async () => {
    const { out } = await runCli(['slots', ...ON_MAIN, '--format=json'], { handlers: listed })
    expect(JSON.parse(out)).toMatchObject({
      instance: 'main',
      'current-lsn': '0/5000000',
      'newest-backup': { id: 'TOTTEK', 'start-lsn': '0/4000028' },
      slots: [
        { name: 'feed', active: false, 'kept-bytes': 32 << 20, 'before-newest-backup': true },
        { name: 'ours', 'active-pid': 77, 'of-receiver': true, 'before-newest-backup': false },
        { name: 'unused' },
        { name: 'dead', 'wal-status': 'lost' },
      ],
    })
  })

  test('asks where the options say, and says so when there are none', async () => {
    const { asked, handler } = recorder<SlotList>({ ...LIST, slots: [] })
    const { status, err } = await runCli(['slots', ...ON_MAIN, '-h', 'db', '-p', '5433', '-W'], {
      handlers: { 'wal.slots': handler },
      password: 'pearl',
    })
    expect(asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        connection: { host: 'db', port: '5433' },
        password: 'pearl',
      },
    ])
    expect({ status, err }).toEqual({ status: 0, err: 'INFO: the server has no replication slots\n' })
  })
})

describe('slots --drop', () => {
  const mixed: readonly SlotDropOutcome[] = [
    { name: 'feed', outcome: 'dropped' },
    { name: 'ours', outcome: 'in-use', pid: 77, client: 'tidemark' },
    { name: 'nothing', outcome: 'gone' },
    { name: 'held', outcome: 'failed', reason: 'permission denied to use replication slots' },
  ]

  test('tells what became of each, and fails unless all were dropped', async () => {
    const { asked, handler } = recorder(mixed)
    const { status, err } = await runCli(
      ['slots', ...ON_MAIN, ...mixed.map(({ name }) => `--drop=${name}`), '--drop=feed'],
      { handlers: { 'wal.drop-slots': handler } },
    )
    expect(asked).toMatchObject([{ names: ['feed', 'ours', 'nothing', 'held'] }])
    expect(status).toBe(1)
    expect(err.split('\n')).toEqual([
      'INFO: replication slot "feed" was dropped',
      'WARNING: replication slot "ours" is in use by tidemark (process 77 of the server) and was not dropped',
      'WARNING: there is no replication slot "nothing"',
      'ERROR: replication slot "held" was not dropped: permission denied to use replication slots',
      '',
    ])
  })

  test('succeeds when all were dropped, for programs too', async () => {
    const { handler } = recorder(mixed.slice(0, 1))
    const { status, out } = await runCli(['slots', ...ON_MAIN, '--drop=feed', '--format=json'], {
      handlers: { 'wal.drop-slots': handler },
    })
    expect({ status, found: JSON.parse(out) as unknown }).toEqual({
      status: 0,
      found: [{ name: 'feed', outcome: 'dropped' }],
    })
  })

  test('drops nothing for a trial', async () => {
    const { status, err } = await runCli(
      ['slots', ...ON_MAIN, '--drop=feed', '--drop=ours', '--drop=nothing', '--dry-run'],
      { handlers: listed },
    )
    expect(status).toBe(1)
    expect(err.split('\n')).toEqual([
      'INFO: would drop replication slot "feed"',
      'WARNING: replication slot "ours" is in use by tidemark (process 77 of the server) and would stay',
      'WARNING: there is no replication slot "nothing"',
      '',
    ])
  })

  test('asks for the password where the server wants one', async () => {
    const given: unknown[] = []
    const { status } = await runCli(['slots', ...ON_MAIN, '--drop=feed'], {
      handlers: {
        'wal.drop-slots': async ({ password }) => {
          given.push(password)
          if (password === undefined) throw new EngineError('server.auth-failed', 'the server wants one')
          return mixed.slice(0, 1)
        },
      },
      password: 'pearl',
    })
    expect({ status, given }).toEqual({ status: 0, given: [undefined, 'pearl'] })
  })

  test.each([
    [['--dry-run'], '--dry-run is about --drop=NAME'],
    [['--drop=No;Name'], 'No;Name'],
  ])('refuses %j', async (words, text) => {
    const { status, err } = await runCli(['slots', ...ON_MAIN, ...words])
    expect(status).toBe(1)
    expect(err).toContain(text)
  })
})
