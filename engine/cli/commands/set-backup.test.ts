import { describe, expect, test } from 'vitest'
import { ON_MAIN, recorder, runCli } from '../../testing/cli-world.ts'

describe('set-backup', () => {
  test.each([
    [['--ttl=30d'], { ttlSeconds: 2_592_000 }],
    [['--ttl=0'], { ttlSeconds: 0 }],
    [['--ttl=1ms'], { ttlSeconds: 1 }],
    [['--expire-time=2027-01-01 00:00:00+03'], { expireTime: '2026-12-31T21:00:00Z' }],
    [['--note=a note'], { note: 'a note' }],
    [['--note=none'], { note: '' }],
  ])('with %j', async (options, change) => {
    const annotate = recorder({ id: 'TOTTEK', note: 'a note', expireTime: '2027-01-01T00:00:00Z' })
    const { status } = await runCli(['set-backup', ...ON_MAIN, '-i', 'TOTTEK', ...options], {
      handlers: { 'backups.annotate': annotate.handler },
    })

    expect(status).toBe(0)
    expect(annotate.asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', id: 'TOTTEK', ...change }])
  })

  // The clock stands at 2026-11-21T01:00:00Z.
  test.each([
    ['2026-11-21T01:00:00Z', /WARNING: that is past/],
    ['2026-11-21T01:00:01Z', /^(?![^]*WARNING)/],
  ])('says of a pin until %s whether it keeps anything', async (expireTime, message) => {
    const annotate = recorder({ id: 'TOTTEK', expireTime })
    const { err } = await runCli(['set-backup', ...ON_MAIN, '-i', 'TOTTEK', `--expire-time=${expireTime}`], {
      handlers: { 'backups.annotate': annotate.handler },
    })
    expect(err).toMatch(message)
  })

  test('says that only the first line of a note is kept', async () => {
    const annotate = recorder({ id: 'TOTTEK', note: 'a' })
    const { err } = await runCli(['set-backup', ...ON_MAIN, '-i', 'TOTTEK', '--note=a\nb'], {
      handlers: { 'backups.annotate': annotate.handler },
    })
    expect(err).toBe(
      'INFO: backup TOTTEK has the note "a"\n' +
        'WARNING: a note is one line in the catalog: only the first line of the text was kept\n',
    )
  })

  test.each([
    [['-i', 'TOTTEK'], /told nothing to change/],
    [['--note=x'], /needs to know the backup/],
    [['-i', 'TOTTEK', '--ttl=1d', '--expire-time=2027-01-01'], /exclude each other/],
  ])('refuses %j', async (options, message) => {
    const { status, err } = await runCli(['set-backup', ...ON_MAIN, ...options])

    expect(status).toBe(1)
    expect(err).toMatch(message)
  })
})
