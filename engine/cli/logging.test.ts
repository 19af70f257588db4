import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ConfigEntry } from '../api/contract/instances.ts'
import { heldClock } from '../base/clock.ts'
import { LOG_LEVELS, type LogEntry, type LogLevel } from '../base/log.ts'
import { jobHandlers, runCli } from '../testing/cli-world.ts'
import { FIRST_LOG_SETTINGS, LogOutput, type LogSettings } from './log-output.ts'

let scratch: string
let zoneBefore: string | undefined

beforeEach(() => {
  scratch = mkdtempSync(path.join(os.tmpdir(), 'tidemark-log-'))
  zoneBefore = process.env['TZ']
  process.env['TZ'] = 'UTC'
})
afterEach(() => {
  rmSync(scratch, { recursive: true, force: true })
  if (zoneBefore === undefined) delete process.env['TZ']
  else process.env['TZ'] = zoneBefore
})

describe('levels', () => {
  const entries = LOG_LEVELS.filter((level): level is LogEntry['level'] => level !== 'off').map((level) => ({
    level,
    atMs: 0,
    message: level,
  }))

  test.each(LOG_LEVELS.map((level, index) => [level, LOG_LEVELS.slice(index, -1)] as const))(
    'the console at %s prints it and the ones after it',
    (consoleLevel, expected) => {
      const { lines, log } = output({ consoleLevel })
      for (const each of entries) log.write(each)

      expect(lines).toEqual(expected.map((level) => `${level.toUpperCase()}: ${level}\n`))
    },
  )

  test('a failure is told with what caused it and what to do', () => {
    const { lines, log } = output({})
    log.failure(
      Object.assign(new Error('the catalog cannot be read', { cause: new Error('EIO') }), { code: 'x' }),
    )

    expect(lines.slice(0, 2)).toEqual(['ERROR: the catalog cannot be read\n', 'DETAIL: EIO\n'])
    expect(lines[2]).toMatch(/^HINT: This is a mistake in Tidemark/)
  })

  test('off says nothing at all, not even a failure', async () => {
    const { status, err } = await runCli(backup('--log-level-console=off'), {
      handlers: {
        'backups.start': async () => {
          throw new Error('no')
        },
      },
    })

    expect({ status, err }).toEqual({ status: 1, err: '' })
  })
})

describe('the log file', () => {
  test('is not made while the level is off, which is the default', async () => {
    await runCli(backup(), { handlers: someJob() })

    expect(readdirSync(scratch)).toEqual([])
  })

  test('is made in the catalog when the first line is written, with the command line on top', async () => {
    await runCli(backup('--log-level-file=info', '--note=x'), { handlers: someJob() })

    expect(statSync(path.join(scratch, 'log')).mode & 0o777).toBe(0o700)
    expect(readFileSync(path.join(scratch, 'log', 'pg_probackup.log'), 'utf8').split('\n')).toEqual([
      `2026-11-21 01:00:00 UTC [4711]: INFO: command: tidemark backup --log-level-file=info --note=x --backup-path=${scratch} --instance=main --backup-mode=FULL`,
      '2026-11-21 01:00:00 UTC [4711]: INFO: copying',
      '2026-11-21 01:00:00 UTC [4711]: WARNING: slow disk',
      expect.stringContaining('INFO: backup TOTTEK (FULL) of main: status OK'),
      '',
    ])
  })

  test('follows the saved settings of the instance, and the command line before them', async () => {
    const saved = [
      entry('log-level-file', 'WARNING'),
      entry('log-filename', 'saved.log'),
      entry('log-directory', path.join(scratch, 'elsewhere')),
      entry('log-format-file', 'JSON'),
    ]
    const handlers = { ...someJob(), 'instances.config': async () => saved }
    await runCli(backup(), { handlers })
    await runCli(backup('--log-filename=given.log'), { handlers })

    const lines = readFileSync(path.join(scratch, 'elsewhere', 'saved.log'), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        ts: '2026-11-21 01:00:00 UTC',
        pid: '4711',
        level: 'WARNING',
        msg: 'slow disk',
        my_thread_num: '[1-1]',
      },
    ])
    expect(existsSync(path.join(scratch, 'elsewhere', 'given.log'))).toBe(true)
  })

  test('a relative directory is refused, on the command line and when saved', async () => {
    const given = await runCli(backup('--log-directory=log'), { handlers: someJob() })
    const saved = await runCli(backup(), {
      handlers: { ...someJob(), 'instances.config': async () => [entry('log-directory', 'log')] },
    })

    expect([given.status, saved.status]).toEqual([1, 1])
    expect(given.err).toMatch(/"log" is not an absolute path/)
    expect(saved.err).toMatch(/log directory "log" is not an absolute path/)
  })

  test('a file that cannot be written is a failure with advice', async () => {
    writeFileSync(path.join(scratch, 'file'), '')
    const { status, err } = await runCli(backup('--log-level-file=info', `--log-directory=${scratch}/file`), {
      handlers: someJob(),
    })

    expect(status).toBe(1)
    expect(err).toMatch(/ERROR: the log file ".*" cannot be written\nDETAIL: .*\nHINT: Choose another place/)
  })

  test('the file for errors gets errors only, even when the log file is off', async () => {
    const failing = jobHandlers({ state: 'failed' }, [
      { level: 'info', atMs: 0, message: 'copying' },
      { level: 'error', atMs: 0, message: 'disk is full' },
    ])
    await runCli(backup('--error-log-filename=errors-%Y.log'), {
      handlers: { 'backups.start': async () => ({ job: 'job-1' }), ...failing },
    })

    expect(readFileSync(path.join(scratch, 'log', 'errors-2026.log'), 'utf8')).toMatch(
      /^1970-01-01 00:00:00 UTC \[4711\]: ERROR: disk is full\n/,
    )
    expect(existsSync(path.join(scratch, 'log', 'pg_probackup.log'))).toBe(false)
  })

  test('one file for each weekday comes round again after eight days', () => {
    const clock = heldClock('2026-11-21T12:00:00Z')
    for (let day = 21; day < 29; day++) {
      clock.set(`2026-11-${day}T12:00:00Z`)
      write(`day ${day}`, { pattern: 'day-%u.log' }, clock)
    }

    expect(logs()).toEqual([1, 2, 3, 4, 5, 6, 7].map((day) => `day-${day}.log`))
    expect(text('day-6.log')).toMatch(/day 21\n.*day 28\n$/)
  })

  test('one file for each run has its time in its name', () => {
    write('a', { pattern: 'run-%Y-%m-%d_%H%M%S.log' }, heldClock('2026-11-21T12:00:00Z'))
    write('b', { pattern: 'run-%Y-%m-%d_%H%M%S.log' }, heldClock('2026-11-21T12:00:01Z'))

    expect(logs()).toEqual(['run-2026-11-21_120000.log', 'run-2026-11-21_120001.log'])
  })
})

describe('rotation', () => {
  test('by age starts afresh once the file is older, and notes the time in <file>.rotation', () => {
    const clock = heldClock('2026-11-21T12:00:00Z')
    const place = { rotationAgeMs: 86_400_000 }
    write('first', place, clock)
    expect(text('x.log.rotation')).toBe(String(Date.parse('2026-11-21T12:00:00Z') / 1000))

    clock.set('2026-11-22T12:00:00Z')
    write('exactly one day', place, clock)
    expect(text('x.log')).toMatch(/first\n.*exactly one day\n$/)

    clock.set('2026-11-22T12:00:01Z')
    write('a second more', place, clock)
    expect(text('x.log')).toMatch(/^[^\n]*a second more\n$/)
    expect(text('x.log.rotation')).toBe(String(Date.parse('2026-11-22T12:00:01Z') / 1000))
  })

  test('by age over eight days keeps two days in a file', () => {
    const clock = heldClock('2026-11-01T12:00:00Z')
    const starts: string[] = []
    for (let day = 1; day <= 8; day++) {
      clock.set(`2026-11-0${day}T12:00:00Z`)
      write(`day ${day}`, { rotationAgeMs: 90_000_000 }, clock)
      starts.push(/day (\d)/.exec(text('x.log'))?.[1] ?? '')
    }

    expect(starts).toEqual(['1', '1', '3', '3', '5', '5', '7', '7'])
  })

  test('by size starts afresh once the size is reached', () => {
    const clock = heldClock('2026-11-21T12:00:00Z')
    write('x'.repeat(1000), { rotationKilobytes: 2 }, clock)
    write('y'.repeat(1000), { rotationKilobytes: 2 }, clock)
    expect(text('x.log')).toMatch(/x\n.*y\n$/)
    expect(statSync(path.join(scratch, 'x.log')).size).toBeGreaterThanOrEqual(2048)

    write('z', { rotationKilobytes: 2 }, clock)
    expect(text('x.log')).toMatch(/^[^\n]*z\n$/)
  })

  test('0 never does', () => {
    const clock = heldClock('2026-11-21T12:00:00Z')
    write('x'.repeat(100_000), {}, clock)
    utimesSync(path.join(scratch, 'x.log'), 0, 0)
    clock.set('2036-11-21T12:00:00Z')
    write('y', {}, clock)

    expect(text('x.log')).toMatch(/x\n.*y\n$/)
  })

  test.each([
    ['is missing', undefined],
    ['holds no time', 'soon'],
    ['was cut off', ''],
  ])('a rotation file that %s is warned of, written anew, and costs no line', (_what, content) => {
    const clock = heldClock('2026-11-21T12:00:00Z')
    write('old', { rotationAgeMs: 1000 }, clock)
    const control = path.join(scratch, 'x.log.rotation')
    if (content === undefined) rmSync(control)
    else writeFileSync(control, content)
    clock.set('2026-11-30T12:00:00Z')
    const lines = write('new', { rotationAgeMs: 1000 }, clock)

    expect(lines[0]).toMatch(
      /^WARNING: the rotation file ".*" (is missing|holds no time); it is written anew\n$/,
    )
    expect(text('x.log')).toMatch(/old\n.*new\n$/)
    expect(text('x.log.rotation')).toBe(String(Date.parse('2026-11-30T12:00:00Z') / 1000))
  })

  test.each([['help'], ['version'], ['backup --help']])('"%s" touches no log', async (line) => {
    const environment = { BACKUP_PATH: scratch }
    await runCli(line.split(' '), { environment })

    expect(readdirSync(scratch)).toEqual([])
  })

  test('a bare age on the command line is minutes, a saved one milliseconds', async () => {
    const age = (given: string[], saved: ConfigEntry[]) =>
      runCli([...backup('--log-level-file=info', ...given)], {
        clock,
        handlers: { ...someJob(), 'instances.config': async () => saved },
      })
    const clock = heldClock('2026-11-21T12:00:00Z')
    await age(['--log-rotation-age=2'], [])
    clock.set('2026-11-21T12:01:59Z')
    await age(['--log-rotation-age=2'], [])
    expect(text('log/pg_probackup.log').match(/copying/g)).toHaveLength(2)

    clock.set('2026-11-21T12:02:02Z')
    await age([], [entry('log-rotation-age', '121000')])
    expect(text('log/pg_probackup.log').match(/copying/g)).toHaveLength(1)
  })
})

test('no secret reaches console, log file or error file', async () => {
  const secret = 'tops3cret!'
  const handlers = {
    'backups.start': async ({ password }: { password?: string | undefined }) => {
      expect(password).toBe(secret)
      return { job: 'job-1' }
    },
    ...jobHandlers({ state: 'failed' }, [
      { level: 'verbose' as const, atMs: 0, message: `connecting with password=${secret} to db` },
      { level: 'error' as const, atMs: 0, message: `the server said: bad password "${secret}"` },
      { level: 'error' as const, atMs: 0, message: "conninfo host=h password='other one' user=u" },
      { level: 'error' as const, atMs: 0, message: 'url postgres://u:hidden@h/db' },
    ]),
  }
  const { err } = await runCli(
    backup('-W', '--log-level-file=verbose', '--log-level-console=verbose', '--error-log-filename=e.log'),
    { handlers, password: secret },
  )
  const all = err + text('log/pg_probackup.log') + text('log/e.log')

  expect(all).not.toContain(secret)
  expect(all).not.toMatch(/other one|hidden/)
  expect(err).toContain('conninfo host=h password=******** user=u')
  expect(err).toContain('url postgres://u:********@h/db')
})

test('a conninfo with a password on the command line is masked in the log file', async () => {
  const handlers = { 'restore.start': async () => ({ job: 'job-1' }), ...jobHandlers({}) }
  await runCli(
    [
      'restore',
      '-B',
      scratch,
      '--instance=main',
      '-D',
      '/x',
      '--log-level-file=info',
      '--primary-conninfo=host=h password=s3cret',
    ],
    { handlers },
  )

  expect(text('log/pg_probackup.log')).toContain('--primary-conninfo=host=h password=********')
})

test('the console as JSON is one object a line', async () => {
  const { err } = await runCli(backup('--log-format-console=json'), { handlers: someJob() })
  const lines = err.trim().split('\n')

  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
    'INFO',
    'WARNING',
    'INFO',
  ])
})

function backup(...more: string[]): string[] {
  return ['backup', ...more, '-B', scratch, '--instance=main', '-b', 'FULL']
}

function someJob() {
  const result = { kind: 'backup' as const, backupId: 'TOTTEK', status: 'OK', dataBytes: 1, walBytes: 1 }
  const atMs = Date.parse('2026-11-21T01:00:00Z')
  return {
    'backups.start': async () => ({ job: 'job-1' }),
    ...jobHandlers({ result }, [
      { level: 'info', atMs, message: 'copying' },
      { level: 'warning', atMs, message: 'slow disk' },
    ]),
  }
}

function entry(key: string, value: string): ConfigEntry {
  return { group: 'Logging parameters', key, value, baseValue: value, isNumber: false, isSet: true }
}

function output(
  settings: Partial<LogSettings> & { consoleLevel?: LogLevel },
  clock = heldClock('2026-11-21T12:00:00Z'),
) {
  const lines: string[] = []
  const log = new LogOutput({ clock, pid: 1, isColored: false, print: (line) => void lines.push(line) })
  log.configure({ ...FIRST_LOG_SETTINGS, ...settings })
  return { lines, log }
}

/** One run that logs one line to a file. */
function write(
  message: string,
  place: { pattern?: string; rotationKilobytes?: number; rotationAgeMs?: number },
  clock: ReturnType<typeof heldClock>,
): string[] {
  const file = { directory: scratch, pattern: 'x.log', rotationKilobytes: 0, rotationAgeMs: 0, ...place }
  const { lines, log } = output({ fileLevel: 'info', consoleLevel: 'warning', file }, clock)
  log.info(message)
  log[Symbol.dispose]()
  return lines
}

function text(file: string): string {
  return readFileSync(path.join(scratch, file), 'utf8')
}

function logs(): string[] {
  return readdirSync(scratch)
    .filter((file) => !file.endsWith('.rotation'))
    .sort()
}
