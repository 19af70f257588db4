import { describe, expect, test } from 'vitest'
import { ERROR_ADVICE } from '../../base/error-advice.ts'
import type { WireError } from '../../base/engine-error.ts'
import { jobHandlers, ON_MAIN, runCli } from '../../testing/cli-world.ts'

describe('receive-wal', () => {
  const stopped = jobHandlers({
    kind: 'receive-wal',
    result: { kind: 'receive-wal', segmentCount: 3, receivedBytes: 3 << 20, flushedLsn: '0/4000000' },
  })

  test('asks for what the options say, and a stop is a success', async () => {
    const asked: unknown[] = []
    const words = ['--slot=tidemark', '--create-slot', '--compress', '-h', 'db', '-p', '5433']
    const { status, err } = await runCli(['receive-wal', ...ON_MAIN, ...words], {
      handlers: {
        'wal-receiver.start': async (input) => {
          asked.push(input)
          return { job: 'job-1' }
        },
        ...stopped,
      },
    })
    expect(asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        slot: 'tidemark',
        createSlot: true,
        compressLevel: 1,
        connection: { host: 'db', port: '5433' },
      },
    ])
    expect({ status, err }).toEqual({
      status: 0,
      err: 'INFO: 3072kB of WAL were received, 3 segments were completed\n',
    })
  })

  test('says it when nothing was received', async () => {
    const { err } = await runCli(['receive-wal', ...ON_MAIN], {
      handlers: {
        'wal-receiver.start': async () => ({ job: 'job-1' }),
        ...jobHandlers({
          kind: 'receive-wal',
          result: { kind: 'receive-wal', segmentCount: 0, receivedBytes: 0, flushedLsn: undefined },
        }),
      },
    })
    expect(err).toBe('INFO: no WAL was received, 0 segments were completed\n')
  })

  test('ends with 1 when it cannot go on', async () => {
    const error: WireError = { code: 'catalog.locked', message: 'process 7 receives WAL into this archive' }
    const { status, err } = await runCli(['receive-wal', ...ON_MAIN], {
      handlers: {
        'wal-receiver.start': async () => ({ job: 'job-1' }),
        ...jobHandlers({ kind: 'receive-wal', state: 'failed', error }),
      },
    })
    expect({ status, err }).toEqual({
      status: 1,
      err: `ERROR: process 7 receives WAL into this archive\nHINT: ${ERROR_ADVICE['catalog.locked']}\n`,
    })
  })

  test('wants a name for the slot that it is to make', async () => {
    const { status, err } = await runCli(['receive-wal', ...ON_MAIN, '--create-slot'])
    expect(status).toBe(1)
    expect(err).toContain('HINT: Name it with --slot.')
  })
})
