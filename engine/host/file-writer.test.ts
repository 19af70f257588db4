import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { kernel } from '../kernel/kernel.ts'
import { FileWriter } from './file-writer.ts'

const directory = mkdtempSync(path.join(os.tmpdir(), 'tidemark-writer-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const aligned = kernel.reserve(3 * 4096)
aligned.forEach((_, at) => (aligned[at] = (at * 7919) >>> 5))
const O_DIRECT = 0o40000

/** Whether a write through the descriptor goes past the page cache. */
const isDirect = ({ descriptor }: FileWriter): boolean => {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? ''
  return (Number.parseInt(flags, 8) & O_DIRECT) !== 0
}
const place = (name: string): string => path.join(directory, name)
const large = { mode: 0o600, isLarge: true, exclusively: false }

describe('a writer', () => {
  test('writes whole blocks and what is left over', () => {
    const file = place('whole')
    {
      using writer = new FileWriter(file, large)
      writer.write(aligned.subarray(0, 8192), 0)
      writer.write(aligned.subarray(8192, 12_000), 8192)
    }
    expect(Buffer.compare(readFileSync(file), aligned.subarray(0, 12_000))).toBe(0)
  })

  test('takes bytes that lie anywhere, also in the middle of a file', () => {
    const file = place('anywhere')
    const elsewhere = Uint8Array.from(aligned)
    {
      using writer = new FileWriter(file, large)
      writer.write(aligned.subarray(0, 4096), 0)
      writer.write(elsewhere.subarray(4096, 8192), 4096)
      writer.write(elsewhere.subarray(8191), 8191)
      writer.write(aligned.subarray(0, 4096), 0)
    }
    expect(Buffer.compare(readFileSync(file), aligned)).toBe(0)
  })

  test.skipIf(process.platform !== 'linux')(
    `goes past the page cache with large files alone, and until a write is not of whole blocks${process.platform === 'linux' ? '' : ' (skipped: only Linux has it)'}`,
    () => {
      using small = new FileWriter(place('small'), { ...large, isLarge: false })
      expect(isDirect(small)).toBe(false)
      using writer = new FileWriter(place('large'), large)
      // A file system may refuse it from the start; then the file is written as any other.
      const isAllowed = isDirect(writer)
      writer.write(aligned.subarray(0, 4096), 0)
      expect(isDirect(writer)).toBe(isAllowed)
      writer.write(aligned.subarray(0, 100), 4096)
      expect(isDirect(writer)).toBe(false)
    },
  )

  test('gives the mode that was asked for, whatever the umask', () => {
    for (const mode of [0o600, 0o444, 0o666, 0o777]) {
      const file = place(`mode-${mode}`)
      {
        using writer = new FileWriter(file, { ...large, mode })
        writer.write(aligned, 0)
        writer.write(aligned.subarray(1), 4097)
      }
      expect(statSync(file).mode & 0o7777).toBe(mode)
    }
  })

  test('makes holes and cuts off', () => {
    using writer = new FileWriter(place('sized'), large)
    writer.write(aligned.subarray(0, 4096), 8192)
    writer.setSize(20_000)
    expect(statSync(place('sized')).size).toBe(20_000)
    writer.setSize(5)
    expect(statSync(place('sized')).size).toBe(5)
  })

  test('empties a file that is there, or leaves it alone', () => {
    const file = place('there')
    writeFileSync(file, 'something')
    expect(() => new FileWriter(file, { ...large, exclusively: true })).toThrow(
      expect.objectContaining({ code: 'storage.exists' }),
    )
    expect(readFileSync(file, 'utf8')).toBe('something')
    new FileWriter(file, large)[Symbol.dispose]()
    expect(statSync(file).size).toBe(0)
  })

  test('says which file it cannot make', () => {
    expect(() => new FileWriter(place('none/file'), large)).toThrow(
      expect.objectContaining({ code: 'storage.not-found', message: expect.stringContaining('none/file') }),
    )
  })
})
