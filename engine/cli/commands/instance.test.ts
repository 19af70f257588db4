import { describe, expect, test } from 'vitest'
import { EngineError } from '../../base/engine-error.ts'
import { ON_MAIN, recorder, runCli } from '../../testing/cli-world.ts'

describe('instances and settings', () => {
  test('init makes the catalog', async () => {
    const create = recorder({ path: '/srv/new' })
    const { status, err } = await runCli(['init', '-B', '/srv/new/'], {
      handlers: { 'catalogs.create': create.handler },
    })

    expect({ status, err, asked: create.asked }).toEqual({
      status: 0,
      err: 'INFO: the backup catalog /srv/new was created\n',
      asked: [{ path: '/srv/new' }],
    })
  })

  test('add-instance hands over data directory, connection and settings, and saves nothing of the environment', async () => {
    const add = recorder({ catalog: '/srv/catalog', instance: 'main' })
    await runCli(
      [
        'add-instance',
        ...ON_MAIN,
        '-D',
        '/pg',
        '-h',
        '/run/pg',
        '-E',
        '/x',
        '--retention-window=7',
        '--log-rotation-age=60',
      ],
      { handlers: { 'instances.add': add.handler }, environment: { PGUSER: 'envuser' } },
    )

    expect(add.asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        dataDirectory: '/pg',
        connection: { host: '/run/pg' },
        config: {
          pghost: '/run/pg',
          'external-dirs': '/x',
          'retention-window': '7',
          'log-rotation-age': '60min',
        },
      },
    ])
  })

  test('del-instance names the instance as its confirmation', async () => {
    const remove = recorder({ deletedBackups: 4 })
    const { err } = await runCli(['del-instance', ...ON_MAIN], {
      handlers: { 'instances.remove': remove.handler },
    })

    expect(remove.asked).toEqual([{ catalog: '/srv/catalog', instance: 'main', typedName: 'main' }])
    expect(err).toBe('INFO: the instance main was deleted, with 4 backups\n')
  })

  test('set-config saves what was given and nothing of the environment', async () => {
    const change = recorder([])
    const { err } = await runCli(
      [
        'set-config',
        ...ON_MAIN,
        '--archive-timeout=90',
        '--compress-algorithm=ZLIB',
        '--log-filename=x-%u.log',
        '--pghost=',
        '--log-rotation-age=',
      ],
      { handlers: { 'instances.change-config': change.handler }, environment: { PGDATA: '/env' } },
    )

    expect(change.asked).toEqual([
      {
        catalog: '/srv/catalog',
        instance: 'main',
        values: {
          'compress-algorithm': 'zlib',
          'archive-timeout': '90s',
          pghost: '',
          'log-rotation-age': '',
          'log-filename': 'x-%u.log',
        },
      },
    ])
    expect(err).toMatch(/^INFO: saved for main: /)
  })

  test('set-config without a setting changes nothing and says so', async () => {
    const { status, err } = await runCli(['set-config', ...ON_MAIN])

    expect({ status, err }).toEqual({
      status: 0,
      err: 'INFO: no setting was given, so nothing was changed\n',
    })
  })

  test('an instance that is not there is told with its hint', async () => {
    const { status, err } = await runCli(['show', ...ON_MAIN], {
      handlers: {
        'instances.config': async () => {
          throw new EngineError('instance.not-found', 'the catalog has no instance main', { hint: 'Add it.' })
        },
      },
    })

    expect({ status, err }).toEqual({
      status: 1,
      err: 'ERROR: the catalog has no instance main\nHINT: Add it.\n',
    })
  })
})
