import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isoFromMs } from '../base/iso-time.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import type { JobState, Snapshot } from './job-snapshot.ts'
import { type Journal, openJournal } from './journal.ts'

const NOW = Date.parse('2026-11-21T00:30:20Z')

function snapshot(
  id: string,
  state: JobState,
  given: Partial<Snapshot<string, unknown>> = {},
): Snapshot<string, unknown> {
  return {
    id,
    kind: 'backup',
    catalog: '/backup',
    instance: 'main',
    backupId: undefined,
    mode: 'FULL',
    state,
    createdAt: isoFromMs(NOW),
    startedAt: undefined,
    endedAt: undefined,
    progress: undefined,
    rateBytesPerSecond: undefined,
    etaSeconds: undefined,
    phases: [],
    result: undefined,
    error: undefined,
    warningCount: 0,
    logCount: 0,
    ...given,
  }
}

async function stateDirectory(): Promise<string> {
  const scratch = await scratchDirectory('journal')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  return scratch.path
}

/** Opens, looks and closes. */
function inJournal<Result>(directory: string, look: (journal: Journal) => Result): Result {
  using journal = openJournal(directory, () => NOW)
  return look(journal)
}

function changeRows(directory: string, sql: string): void {
  const database = new DatabaseSync(path.join(directory, 'journal.sqlite'))
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}

/** Another process with the journal open, in which it has saved these jobs. */
async function otherProcess(
  directory: string,
  jobs: readonly Snapshot<string, unknown>[],
): Promise<ChildProcess> {
  const module = path.join(import.meta.dirname, 'journal.ts')
  const program = `import { openJournal } from ${JSON.stringify(module)}
    const journal = openJournal(process.argv[1])
    for (const job of ${JSON.stringify(jobs)}) journal.save(job)
    process.stdout.write('ready')
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

describe('a journal', () => {
  test('gives back what was saved, after it was closed as well', async () => {
    const directory = await stateDirectory()
    const job = snapshot('a', 'succeeded', {
      result: { kind: 'x', list: [1, "it's"] },
      endedAt: isoFromMs(NOW),
    })
    inJournal(directory, (journal) => {
      journal.save(job)
      expect(journal.find('a')).toEqual(job)
      expect(journal.find('b')).toBeUndefined()
    })
    expect(inJournal(directory, (journal) => journal.find('a'))).toEqual(job)
  })

  test('keeps the newest state of a job', async () => {
    const directory = await stateDirectory()
    const states = inJournal(directory, (journal) => {
      for (const state of ['queued', 'running', 'failed'] as const) journal.save(snapshot('a', state))
      return journal.newest(10).map(({ state }) => state)
    })
    expect(states).toEqual(['failed'])
  })

  test('lists the newest first, and no more than asked for', async () => {
    const directory = await stateDirectory()
    const ids = inJournal(directory, (journal) => {
      for (const second of [1, 3, 2]) {
        journal.save(snapshot(`job-${second}`, 'succeeded', { createdAt: isoFromMs(NOW + second * 1000) }))
      }
      return [journal.newest(2), journal.newest(9)].map((list) => list.map(({ id }) => id))
    })
    expect(ids).toEqual([
      ['job-3', 'job-2'],
      ['job-3', 'job-2', 'job-1'],
    ])
  })

  test('is for its owner only', async () => {
    const directory = path.join(await stateDirectory(), 'state')
    inJournal(directory, () => undefined)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  test('forgets the oldest jobs beyond five thousand when it is opened', async () => {
    const directory = await stateDirectory()
    inJournal(directory, () => undefined)
    changeRows(
      directory,
      `insert into job
       with recursive number (n) as (select 1 union all select n + 1 from number where n < 5010)
       select 'job-' || n, printf('2026-01-01T%08d', n), 'succeeded', 1, json_object('id', 'job-' || n) from number`,
    )
    inJournal(directory, (journal) => {
      expect(journal.newest(9999)).toHaveLength(5000)
      expect(journal.find('job-10')).toBeUndefined()
      expect(journal.find('job-11')).toBeDefined()
    })
  })
})

describe('after a crash', () => {
  test('jobs that had not ended are interrupted, with nothing of them running on', async () => {
    const directory = await stateDirectory()
    const progress = {
      phase: 'copy',
      doneBytes: 5,
      totalBytes: 10,
      doneFiles: 1,
      totalFiles: 2,
      currentFiles: ['a'],
    } as const
    const running = snapshot('running', 'running', {
      startedAt: isoFromMs(NOW - 9000),
      progress,
      rateBytesPerSecond: 5,
      etaSeconds: [1, 2],
      phases: [
        { phase: 'connect', elapsedMs: 100, runningSince: undefined },
        { phase: 'copy', elapsedMs: 0, runningSince: isoFromMs(NOW - 8000) },
      ],
    })
    const ended = snapshot('ended', 'failed', { endedAt: isoFromMs(NOW - 1000) })
    await killed(await otherProcess(directory, [running, snapshot('queued', 'queued'), ended]))

    inJournal(directory, (journal) => {
      expect(journal.find('running')).toEqual({
        ...running,
        state: 'interrupted',
        endedAt: isoFromMs(NOW),
        rateBytesPerSecond: undefined,
        etaSeconds: undefined,
        phases: [
          { phase: 'connect', elapsedMs: 100 },
          { phase: 'copy', elapsedMs: 0 },
        ],
      })
      expect(journal.find('queued')).toMatchObject({ state: 'interrupted', endedAt: isoFromMs(NOW) })
      expect(journal.find('ended')).toEqual(ended)
    })
  })

  test('jobs keep the end that was found first', async () => {
    const directory = await stateDirectory()
    await killed(await otherProcess(directory, [snapshot('a', 'running')]))
    inJournal(directory, () => undefined)
    using journal = openJournal(directory, () => NOW + 5000)
    expect(journal.find('a')?.endedAt).toBe(isoFromMs(NOW))
  })

  test('jobs of a process that had our pid are interrupted', async () => {
    const directory = await stateDirectory()
    inJournal(directory, (journal) => journal.save(snapshot('a', 'running')))
    expect(inJournal(directory, (journal) => journal.find('a')?.state)).toBe('interrupted')
  })
})

test('jobs of another process that lives run on, and both see each other’s', async () => {
  const directory = await stateDirectory()
  await otherProcess(directory, [snapshot('theirs', 'running')])
  inJournal(directory, (journal) => {
    expect(journal.find('theirs')?.state).toBe('running')
    journal.save(snapshot('ours', 'running'))
    expect(journal.newest(9)).toHaveLength(2)
  })
})

describe('damage', () => {
  test.each([
    ['text', "'{cut off'"],
    ['nothing', "''"],
    ['something else', "'null'"],
  ])('of one row, which holds %s, costs that row and not the journal', async (_, text) => {
    const directory = await stateDirectory()
    inJournal(directory, (journal) => {
      journal.save(snapshot('bad', 'running'))
      journal.save(snapshot('good', 'succeeded'))
    })
    changeRows(directory, `update job set snapshot = ${text} where id = 'bad'`)
    inJournal(directory, (journal) => {
      expect(journal.newest(9).map(({ id }) => id)).toEqual(['good'])
      expect(journal.find('bad')).toBeUndefined()
    })
  })

  test('of the whole file puts it aside and begins anew', async () => {
    const directory = await stateDirectory()
    writeFileSync(
      path.join(directory, 'journal.sqlite'),
      'this is no database, however long it may be'.repeat(99),
    )
    inJournal(directory, (journal) => {
      journal.save(snapshot('a', 'succeeded'))
      expect(journal.newest(9)).toHaveLength(1)
    })
    expect(readdirSync(directory).toSorted()).toEqual(['journal.sqlite', 'journal.sqlite.damaged'])
    expect(inJournal(directory, (journal) => journal.newest(9))).toHaveLength(1)
  })

  test('of a file that was cut off puts it aside, too', async () => {
    const directory = await stateDirectory()
    inJournal(directory, (journal) => journal.save(snapshot('a', 'succeeded')))
    truncateSync(path.join(directory, 'journal.sqlite'), 5000)
    expect(inJournal(directory, (journal) => journal.newest(9))).toEqual([])
  })
})
