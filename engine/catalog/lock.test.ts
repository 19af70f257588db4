import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { type LogEntry, logTo, SILENT_LOG } from '../base/log.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'

import { lockAll, lockExclusive, lockOwner, lockShared } from './lock.ts'

const patience = { tries: 3, betweenMs: 10, emptyMs: 30 }
const call = { signal: new AbortController().signal, log: SILENT_LOG, patience }
/** For a wait that something in the test ends; the limit only keeps a failure short. */
const patient = { ...call, patience: { tries: 1000, betweenMs: 5, emptyMs: 30 } }

/** Higher than any pid that Linux gives out. */
const DEAD_PID = 2 ** 22 + 1

async function backupDirectory(): Promise<string> {
  const scratch = await scratchDirectory('lock')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  return scratch.path
}

/** Runs an ES module in a process of its own until it says that it is ready. */
async function otherProcess(
  script: string,
  ...args: readonly string[]
): Promise<ChildProcess & { pid: number }> {
  const program = `${script}\nprocess.stdout.write('ready'); process.stdin.on('end', () => process.exit()).resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { pid } = child
  if (pid === undefined) throw new Error('the other process did not start')
  await once(child.stdout, 'data')
  return Object.assign(child, { pid })
}

function holderOf(directory: string, file: string): Promise<ChildProcess & { pid: number }> {
  const script = `import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[1], process.pid + '\\n')`
  return otherProcess(script, path.join(directory, file))
}

/** The program's own lock, in another process. */
function engineHolding(directory: string, kind: 'lockShared' | 'lockExclusive'): Promise<ChildProcess> {
  const module = path.join(import.meta.dirname, 'lock.ts')
  const silent = `{ verbose() {}, log() {}, info() {}, warning() {}, error() {} }`
  const script = `import { ${kind} } from ${JSON.stringify(module)}
    await ${kind}(process.argv[1], { signal: new AbortController().signal, log: ${silent} })`
  return otherProcess(script, directory)
}

async function end(child: ChildProcess, how: 'properly' | 'killed' = 'killed'): Promise<void> {
  const exited = once(child, 'exit')
  if (how === 'killed') child.kill('SIGKILL')
  else child.stdin?.end()
  await exited
}

async function failureOf(work: Promise<unknown>): Promise<EngineError> {
  try {
    await work
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

const read = (directory: string, file: string): string => readFileSync(path.join(directory, file), 'utf8')
const write = (directory: string, file: string, text: string): void =>
  writeFileSync(path.join(directory, file), text)

describe('an exclusive lock', () => {
  test('writes the pid of this process for its owner only, and release leaves nothing behind', async () => {
    const directory = await backupDirectory()
    const lock = await lockExclusive(directory, call)
    expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
    expect(statSync(path.join(directory, 'backup.pid')).mode & 0o777).toBe(0o600)
    expect(lockOwner(directory)).toBe('alive')
    await lock[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual([])
    expect(lockOwner(directory)).toBe('nobody')
  })

  test('released twice does not take away the lock of the next', async () => {
    const directory = await backupDirectory()
    const first = await lockExclusive(directory, call)
    await first[Symbol.asyncDispose]()
    await using _second = await lockExclusive(directory, call)
    await first[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual(['backup.pid'])
  })

  test('takes over what a dead process left, and says so', async () => {
    const directory = await backupDirectory()
    const holder = await holderOf(directory, 'backup.pid')
    await end(holder)
    expect(lockOwner(directory)).toBe('gone')
    const lines: LogEntry[] = []
    await using _lock = await lockExclusive(directory, { ...call, log: logTo((line) => lines.push(line)) })
    expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
    expect(lines.map(({ message }) => message).join()).toContain(String(holder.pid))
  })

  test('of a dead process is taken over by one of many that find it', async () => {
    const directory = await backupDirectory()
    const module = path.join(import.meta.dirname, 'lock.ts')
    const silent = `{ verbose() {}, log() {}, info() {}, warning() {}, error() {} }`
    // What a lock keeps out: a file that only one may have at a time.
    const script = `import { lockExclusive } from ${JSON.stringify(module)}
      import { writeFileSync, unlinkSync } from 'node:fs'
      const [directory, alone, rounds] = process.argv.slice(1)
      const call = { signal: new AbortController().signal, log: ${silent}, patience: { tries: 4000, betweenMs: 1, emptyMs: 30 } }
      process.stdin.once('data', async () => {
        for (let round = 0; round < Number(rounds); round++) {
          const lock = await lockExclusive(directory, call)
          writeFileSync(alone, '', { flag: 'wx' })
          await new Promise((resolve) => setTimeout(resolve, 2))
          unlinkSync(alone)
          await lock[Symbol.asyncDispose]()
          // As if it had died, unless another one has the lock by now.
          try { writeFileSync(directory + '/backup.pid', '${DEAD_PID}\\n', { flag: 'wx' }) } catch {}
        }
        process.exit(0)
      })`
    const alone = path.join(directory, 'alone')
    const children: ChildProcess[] = []
    for (let count = 0; count < 3; count++) children.push(await otherProcess(script, directory, alone, '30'))
    const exits = children.map(async (child) => await once(child, 'exit'))
    for (const { stdin } of children) stdin?.write('go')
    for (const [code] of await Promise.all(exits)) expect(code).toBe(0)
  })

  test.runIf(whyNoTinyDisk() === '')(
    `that a dead process left on a read-only file system is passed over${whyNoTinyDisk()}`,
    async () => {
      const directory = path.join(await backupDirectory(), 'disk')
      await using _disk = mountTinyDisk(directory, { bytes: 1 << 20 })
      writeFileSync(path.join(directory, 'backup.pid'), `${DEAD_PID}\n`)
      execFileSync('mount', ['-o', 'remount,ro', directory])
      await using _lock = await lockShared(directory, call)
    },
  )

  test.each(['nonsense', '-1', '0', '12 monkeys', '\n'])('takes over a file that holds %j', async (text) => {
    const directory = await backupDirectory()
    write(directory, 'backup.pid', text)
    await using _lock = await lockExclusive(directory, call)
    expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
  })

  test('is not waited for without end while another machine takes over what a dead process left', async () => {
    const directory = await backupDirectory()
    writeFileSync(path.join(directory, 'backup.pid'), `${DEAD_PID}\n`)
    const turn = path.join(directory, 'backup.pid.takeover')
    writeFileSync(turn, '7\nanother-machine\n\n')
    await expect(lockExclusive(directory, call)).rejects.toMatchObject({
      code: 'catalog.locked',
      message: expect.stringContaining(turn) as string,
    })
    expect(readdirSync(directory).toSorted()).toEqual(['backup.pid', 'backup.pid.takeover'])
  })

  test('waits for a living process, then fails with its pid and a hint, and touches nothing of it', async () => {
    const directory = await backupDirectory()
    const holder = await holderOf(directory, 'backup.pid')
    expect(lockOwner(directory)).toBe('alive')
    const failure = await failureOf(lockExclusive(directory, call))
    expect(failure.code).toBe('catalog.locked')
    expect(failure.message).toContain(`process ${holder.pid}`)
    expect(failure.hint).toMatch(/^Wait until .*\.$/)
    expect(read(directory, 'backup.pid')).toBe(`${holder.pid}\n`)
  })

  test('is given as soon as the other process has ended', async () => {
    const directory = await backupDirectory()
    const holder = await holderOf(directory, 'backup.pid')
    const waiting = lockExclusive(directory, patient)
    await end(holder)
    await using _lock = await waiting
    expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
  })

  test('tells of the wait every tenth try', async () => {
    const directory = await backupDirectory()
    await holderOf(directory, 'backup.pid')
    const lines: LogEntry[] = []
    const log = logTo((line) => lines.push(line))
    await failureOf(
      lockExclusive(directory, { ...call, log, patience: { ...patience, tries: 25, betweenMs: 1 } }),
    )
    expect(lines.filter(({ level }) => level === 'warning')).toHaveLength(2)
  })

  test('gives an empty file time to be written, without counting that against the tries', async () => {
    const directory = await backupDirectory()
    write(directory, 'backup.pid', '')
    const startMs = performance.now()
    await using _lock = await lockExclusive(directory, {
      ...call,
      patience: { tries: 1, betweenMs: 20, emptyMs: 60 },
    })
    expect(performance.now() - startMs).toBeGreaterThan(55)
    expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
  })

  test('waits for living readers, and fails naming them without keeping the lock', async () => {
    const directory = await backupDirectory()
    const reader = await holderOf(directory, 'backup_ro.pid')
    const failure = await failureOf(lockExclusive(directory, call))
    expect(failure).toMatchObject({
      code: 'catalog.locked',
      message: expect.stringContaining(`${reader.pid}`),
    })
    expect(readdirSync(directory)).toEqual(['backup_ro.pid'])
  })

  test('clears away readers that are dead', async () => {
    const directory = await backupDirectory()
    write(directory, 'backup_ro.pid', `${DEAD_PID}\ngarbage\n-5\n`)
    await using _lock = await lockExclusive(directory, call)
    expect(readdirSync(directory)).toEqual(['backup.pid'])
  })

  test.each(['backup.pid', 'backup_ro.pid'])('stops waiting for %s when it is cancelled', async (file) => {
    const directory = await backupDirectory()
    await holderOf(directory, file)
    const stop = new AbortController()
    const reason = new EngineError('run.cancelled', 'enough')
    const waiting = lockExclusive(directory, { ...patient, signal: stop.signal })
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(readdirSync(directory)).toEqual([file])
    expect(lockOwner(directory)).toBe(file === 'backup.pid' ? 'alive' : 'nobody')
  })

  test('of a directory that is not there names it', async () => {
    const directory = path.join(await backupDirectory(), 'TOTTEK')
    const failure = await failureOf(lockExclusive(directory, call))
    expect(failure).toMatchObject({ code: 'storage.not-found', message: expect.stringContaining('TOTTEK') })
    await mkdir(directory)
    await using _lock = await lockExclusive(directory, call)
    expect(readdirSync(directory)).toEqual(['backup.pid'])
  })

  test('left by an earlier process with our pid does not count as held', async () => {
    const directory = await backupDirectory()
    write(directory, 'backup.pid', `${process.pid}\n`)
    expect(lockOwner(directory)).toBe('gone')
    await using _lock = await lockExclusive(directory, call)
    expect(lockOwner(directory)).toBe('alive')
  })
})

describe('a shared lock', () => {
  test('adds this process to the readers, forgets dead ones and leaves the living when released', async () => {
    const directory = await backupDirectory()
    const reader = await holderOf(directory, 'backup_ro.pid')
    write(directory, 'backup_ro.pid', `${DEAD_PID}\n${reader.pid}\n`)
    const lock = await lockShared(directory, call)
    expect(read(directory, 'backup_ro.pid')).toBe(`${reader.pid}\n${process.pid}\n`)
    await lock[Symbol.asyncDispose]()
    expect(read(directory, 'backup_ro.pid')).toBe(`${reader.pid}\n`)
    expect(readdirSync(directory)).toEqual(['backup_ro.pid'])
  })

  test('of a lone reader leaves nothing behind', async () => {
    const directory = await backupDirectory()
    const lock = await lockShared(directory, call)
    expect(readdirSync(directory)).toEqual(['backup_ro.pid'])
    expect(lockOwner(directory)).toBe('nobody')
    await lock[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual([])
  })

  test('waits for a writer in another process, then fails with a hint', async () => {
    const directory = await backupDirectory()
    const holder = await holderOf(directory, 'backup.pid')
    const failure = await failureOf(lockShared(directory, call))
    expect(failure).toMatchObject({ code: 'catalog.locked', hint: expect.any(String) })
    expect(readdirSync(directory)).toEqual(['backup.pid'])
    await end(holder)
    await using _lock = await lockShared(directory, call)
    expect(read(directory, 'backup_ro.pid')).toBe(`${process.pid}\n`)
  })
})

describe('two processes of this program', () => {
  test('read together, and the last one clears up when it exits', async () => {
    const directory = await backupDirectory()
    const other = await engineHolding(directory, 'lockShared')
    const lock = await lockShared(directory, call)
    expect(read(directory, 'backup_ro.pid')).toBe(`${other.pid}\n${process.pid}\n`)
    await lock[Symbol.asyncDispose]()
    await end(other, 'properly')
    expect(readdirSync(directory)).toEqual([])
  })

  test('do not write together, and the lock goes when its process exits', async () => {
    const directory = await backupDirectory()
    const other = await engineHolding(directory, 'lockExclusive')
    expect((await failureOf(lockExclusive(directory, call))).code).toBe('catalog.locked')
    await end(other, 'properly')
    expect(readdirSync(directory)).toEqual([])
  })

  test('leave each other their lock when the one that waits gives up', async () => {
    const directory = await backupDirectory()
    await using _lock = await lockExclusive(directory, call)
    const module = path.join(import.meta.dirname, 'lock.ts')
    const other = await otherProcess(
      `import { lockExclusive } from ${JSON.stringify(module)}
      const nothing = () => undefined
      const log = { verbose: nothing, log: nothing, info: nothing, warning: nothing, error: nothing }
      const call = { signal: new AbortController().signal, log }
      lockExclusive(process.argv[1], call).catch(nothing)`,
      directory,
    )
    await end(other, 'properly')
    expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
  })
})

describe('two jobs of one process', () => {
  test('read together, and the list is kept until the last has ended', async () => {
    const directory = await backupDirectory()
    const [first, second] = await Promise.all([
      lockShared(directory, patient),
      lockShared(directory, patient),
    ])
    await first[Symbol.asyncDispose]()
    await first[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual(['backup_ro.pid'])
    await second[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual([])
  })

  test.each([
    ['exclusive', lockExclusive, lockExclusive],
    ['shared', lockExclusive, lockShared],
    ['exclusive', lockShared, lockExclusive],
  ] as const)('exclude each other: a second %s lock waits and fails', async (_, first, second) => {
    const directory = await backupDirectory()
    await using _held = await first(directory, call)
    const before = readdirSync(directory)
    expect(await failureOf(second(directory, call))).toMatchObject({
      code: 'catalog.locked',
      message: expect.stringContaining('another job of this program'),
    })
    expect(readdirSync(directory)).toEqual(before)
  })

  test('that ask at the same moment for an exclusive lock do not both get it', async () => {
    const directory = await backupDirectory()
    const outcomes = await Promise.allSettled([
      lockExclusive(directory, call),
      lockExclusive(directory, call),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    for (const outcome of outcomes)
      if (outcome.status === 'fulfilled') await outcome.value[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual([])
  })

  test('follow each other without gaps, whoever comes first', async () => {
    const directory = await backupDirectory()
    let holders = 0
    let most = 0
    const job = async (): Promise<void> => {
      for (let round = 0; round < 10; round++) {
        await using _lock = await lockExclusive(directory, patient)
        most = Math.max(most, ++holders)
        expect(read(directory, 'backup.pid')).toBe(`${process.pid}\n`)
        holders--
      }
    }
    await Promise.all([job(), job(), job()])
    expect(most).toBe(1)
    expect(readdirSync(directory)).toEqual([])
  })

  test('both fail when the lock that they wait for together is refused', async () => {
    const directory = await backupDirectory()
    await holderOf(directory, 'backup.pid')
    const outcomes = await Promise.allSettled([lockShared(directory, call), lockShared(directory, call)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('read on while one ends and the next begins', async () => {
    const directory = await backupDirectory()
    const first = await lockShared(directory, call)
    const [, second] = await Promise.all([first[Symbol.asyncDispose](), lockShared(directory, patient)])
    expect(readdirSync(directory)).toEqual(['backup_ro.pid'])
    await second[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('the locks of a chain', () => {
  test('are all taken, and all released', async () => {
    const root = await backupDirectory()
    const backups = ['TOTTEK', 'Z', 'TOTTEL'].map((id) => ({ id, directory: path.join(root, id) }))
    for (const { directory } of backups) await mkdir(directory)
    {
      await using _locks = await lockAll(backups, 'exclusive', call)
      for (const { directory } of backups) expect(lockOwner(directory)).toBe('alive')
    }
    for (const { directory } of backups) expect(readdirSync(directory)).toEqual([])
  })

  test('are taken oldest first, and given back when the wait for a newer one ends', async () => {
    const root = await backupDirectory()
    const backups = ['TOTTEL', 'Z', 'TOTTEK'].map((id) => ({ id, directory: path.join(root, id) }))
    for (const { directory } of backups) await mkdir(directory)
    await holderOf(path.join(root, 'TOTTEK'), 'backup.pid')
    const stop = new AbortController()
    const reason = new EngineError('run.cancelled', 'enough')
    const waiting = lockAll(backups, 'shared', { ...patient, signal: stop.signal })
    await expect.poll(() => readdirSync(path.join(root, 'Z'))).toEqual(['backup_ro.pid'])
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(readdirSync(path.join(root, 'Z'))).toEqual([])
    expect(readdirSync(path.join(root, 'TOTTEL'))).toEqual([])
  })
})
