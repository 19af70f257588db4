import { describe, expect, test } from 'vitest'
import type { EngineHandlers } from '../api/contract/contract.ts'
import { EngineError } from '../base/engine-error.ts'
import { jobHandlers, ON_MAIN, recorder, runCli } from '../testing/cli-world.ts'

describe('passwords', () => {
  const refusal = { code: 'server.auth-failed' as const, message: 'password authentication failed' }

  /** A server that wants the password `right`. */
  function lockedServer(asked: (string | undefined)[]): Partial<EngineHandlers> {
    let last: string | undefined
    const good = jobHandlers({})
    const bad = jobHandlers({ state: 'failed', error: refusal })
    return {
      ...good,
      'backups.start': async ({ password }) => {
        asked.push(password)
        last = password
        return { job: 'job-1' }
      },
      'jobs.get': async (input, call) =>
        (last === 'right' ? good : bad)['jobs.get']?.(input, call) ?? Promise.reject(new Error('no handler')),
    }
  }

  test('none is asked for where the server wants none', async () => {
    const start = recorder({ job: 'job-1' })
    await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: { 'backups.start': start.handler, ...jobHandlers({}) },
      askPassword: () => Promise.reject(new Error('asked')),
    })

    expect(start.asked).toEqual([expect.not.objectContaining({ password: expect.anything() })])
  })

  test('the server wants one: it is asked for, and the backup is started again', async () => {
    const asked: (string | undefined)[] = []
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL'], {
      handlers: lockedServer(asked),
      password: 'right',
    })

    expect({ status, asked }).toEqual({ status: 0, asked: [undefined, 'right'] })
  })

  test('-W asks before connecting', async () => {
    const asked: (string | undefined)[] = []
    const { status } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '-W'], {
      handlers: lockedServer(asked),
      password: 'right',
    })

    expect({ status, asked }).toEqual({ status: 0, asked: ['right'] })
  })

  test.each([
    ['-w', { password: 'right' }],
    ['without a terminal', {}],
  ])('%s: never asks and fails at once', async (option, world) => {
    const asked: (string | undefined)[] = []
    const argv = ['backup', ...ON_MAIN, '-b', 'FULL', ...(option === '-w' ? ['-w'] : [])]
    const { status, err } = await runCli(argv, { handlers: lockedServer(asked), ...world })

    expect({ status, asked }).toEqual({ status: 1, asked: [undefined] })
    expect(err).toContain('ERROR: password authentication failed')
  })

  test('-W without a terminal is refused with advice', async () => {
    const { status, err } = await runCli(['backup', ...ON_MAIN, '-b', 'FULL', '-W'])

    expect(status).toBe(1)
    expect(err).toMatch(/no terminal to ask.*\nHINT: Put the password into ~\/\.pgpass/)
  })

  test('add-instance asks as well when the server wants one', async () => {
    const asked: unknown[] = []
    const { status } = await runCli(['add-instance', ...ON_MAIN, '-D', '/pg'], {
      password: 'right',
      handlers: {
        'instances.add': async ({ catalog, instance, password }) => {
          asked.push(password)
          if (password !== 'right') throw new EngineError('server.auth-failed', 'no')
          return { catalog, instance }
        },
      },
    })

    expect({ status, asked }).toEqual({ status: 0, asked: [undefined, 'right'] })
  })
})
