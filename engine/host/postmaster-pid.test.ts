import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { readPostmasterPid } from './postmaster-pid.ts'

describe('postmaster.pid', () => {
  async function readText(text: string | undefined) {
    await using scratch = await scratchDirectory('pid')
    if (text !== undefined) writeFileSync(path.join(scratch.path, 'postmaster.pid'), text)
    return await readPostmasterPid(scratch.path)
  }

  test('tells of the server', async () => {
    const text = '4711\n/data\n1700000000\n5433\n/tmp\nlocalhost\n  5433001         3\nready   \n'
    expect(await readText(text)).toEqual({
      pid: 4711,
      dataDirectory: '/data',
      port: '5433',
      socketDirectory: '/tmp',
      listens: 'localhost',
    })
  })

  test('tells of a start that has not come far', async () => {
    expect(await readText('-12\n/data\n')).toEqual({
      pid: -12,
      dataDirectory: '/data',
      port: '',
      socketDirectory: '',
      listens: '',
    })
  })

  test.each([undefined, '', '0\n', 'nobody\n', '12x\n/data\n'])('names no process: %j', async (text) => {
    expect(await readText(text)).toBeUndefined()
  })
})
