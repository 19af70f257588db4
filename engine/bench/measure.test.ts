import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { CommandFailed, measureCommand, parsePeak, parseTimes, requireCommand, sizeOf } from './measure.ts'

const never = new AbortController().signal

test.each([
  ['0m0.00s 0m0.00s\n0m1.25s 0m0.50s\n', 1.75],
  ['0m0.001s 0m0.002s\n2m3.100s 1m0.400s\n', 183.5],
  ['0m0.00s 0m0.00s\n', undefined],
  ['', undefined],
])('the times %j are %d seconds of the children', (text, seconds) => {
  const found = parseTimes(text)
  if (seconds === undefined) expect(found).toBeUndefined()
  else expect(found).toBeCloseTo(seconds)
})

test('the peak of a process is its high-water mark in bytes', () => {
  expect(parsePeak('Name:\tnode\nVmPeak:\t  9000 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n')).toBe(2 << 20)
  expect(parsePeak('Name:\tnode\nState:\tZ (zombie)\n')).toBeUndefined()
})

describe.skipIf(process.platform !== 'linux')('a command', () => {
  test('is measured with what it started', async () => {
    const script =
      'const a = Buffer.alloc(150e6, 1); while (process.cpuUsage().user < 300e3); console.log(a[9])'
    const end = await measureCommand(
      { words: ['sh', '-c', `"$0" -e "$1"; true`, process.execPath, script] },
      never,
    )

    expect(end).toMatchObject({ status: 0, out: '1\n', err: '' })
    expect(end.wallSeconds).toBeGreaterThan(0.2)
    expect(end.cpuSeconds).toBeGreaterThan(0.2)
    expect(end.peakBytes).toBeGreaterThan(150e6)
    expect(end.peakBytes).toBeLessThan(400e6)
  })

  test('that fails is told in its own words', async () => {
    const failing = requireCommand({ words: ['sh', '-c', 'echo "no such thing" >&2; exit 3'] }, never)
    await expect(failing).rejects.toThrow(new CommandFailed('no such thing'))
  })

  test('ends when it is to be stopped, with everything it started', { timeout: 60_000 }, async () => {
    const abort = new AbortController()
    const running = measureCommand({ words: ['sh', '-c', 'sleep 60 & wait'] }, abort.signal)
    const started = performance.now()
    abort.abort(new Error('enough'))

    await expect(running).rejects.toThrow('enough')
    // Long before what was started would have ended by itself.
    expect(performance.now() - started).toBeLessThan(30_000)
  })
})

test('the size of a directory is that of its files', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'tidemark-size-'))
  try {
    await writeFile(path.join(directory, 'a'), 'abc')
    await writeFile(path.join(directory, 'b'), 'de')
    expect(await sizeOf(directory)).toBe(5)
    expect(await sizeOf(path.join(directory, 'a'))).toBe(3)
  } finally {
    await rm(directory, { recursive: true })
  }
})
