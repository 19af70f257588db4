import { expect, test } from 'vitest'
import { checksumFiles } from './checksum-files.ts'
import { openWorkerPool } from './worker-pool.ts'

const never = new AbortController().signal
const program = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`)

test('a thread that ends without a word fails what it was to do, and all that follows', async () => {
  await using pool = openWorkerPool({
    threads: 1,
    signal: never,
    entry: program(
      "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3))",
    ),
  })
  const ended = { code: 'process.failed', message: 'a page worker ended with status 3' }
  await expect(
    Promise.allSettled([pool.run(checksumFiles, []), pool.run(checksumFiles, [])]),
  ).resolves.toMatchObject([{ reason: ended }, { reason: ended }])
  await expect(pool.run(checksumFiles, [])).rejects.toMatchObject(ended)
})

test('a task that is given before its thread listens is not lost', async () => {
  await using pool = openWorkerPool({ threads: 2, signal: never })
  expect(await Promise.all([1, 2, 3].map(() => pool.run(checksumFiles, [])))).toEqual([[], [], []])
})
