import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { type ArchiveMemory, archiveReachMs } from './archive-reach.ts'

const SEGMENT_BYTES = 1 << 20
const LONG_AGO = 1_700_000_000

/** An archive whose segment n of timeline t was archived at the second 1000 t + n. */
async function archive() {
  const scratch = await scratchDirectory('archive-reach')
  const memory: ArchiveMemory = new Map()
  const age = (seconds: number): void => utimesSync(scratch.path, seconds, seconds)
  age(LONG_AGO)
  const nameOf = (timeline: number, number: number): string =>
    walSegmentName({ timeline, number: BigInt(number) }, SEGMENT_BYTES)
  return {
    put(timeline: number, numbers: readonly number[], ending = ''): void {
      for (const number of numbers) {
        const file = path.join(scratch.path, `${nameOf(timeline, number)}${ending}`)
        writeFileSync(file, '')
        utimesSync(file, 1000 * timeline + number, 1000 * timeline + number)
      }
      age(LONG_AGO)
    },
    write: (name: string, text: string): void => {
      writeFileSync(path.join(scratch.path, name), text)
      age(LONG_AGO)
    },
    lose: (timeline: number, number: number): void =>
      rmSync(path.join(scratch.path, nameOf(timeline, number))),
    age,
    async reach(from = '0/300000', timeline = 1): Promise<number | undefined> {
      const base = { timeline, from: parseLsn(from) }
      const options = { segmentBytes: SEGMENT_BYTES, memory, nowMs: (LONG_AGO + 60) * 1000 }
      const endMs = await archiveReachMs(scratch.path, base, options)
      return endMs === undefined ? undefined : endMs / 1000
    },
    memory,
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  }
}

test('is where WAL ends that follows the backup without a break, packed or not', async () => {
  await using made = await archive()
  made.put(1, [2, 3, 4])
  made.put(1, [5], '.gz')
  made.put(1, [7, 8])
  made.put(1, [6], '.partial')
  expect(await made.reach()).toBe(1005)
  expect(await made.reach('0/780000')).toBe(1008)
})

test('is nowhere when the WAL that the backup needs first is not there', async () => {
  await using made = await archive()
  expect(await made.reach()).toBeUndefined()
  made.put(1, [4, 5])
  made.memory.clear()
  expect(await made.reach()).toBeUndefined()
})

test('goes over a switch to a newer timeline, which may alone have the segment of the switch', async () => {
  await using made = await archive()
  made.put(1, [3, 4, 5, 6, 7])
  made.put(2, [5, 6])
  made.write('00000002.history', '1\t0/580000\tno recovery target specified\n')
  expect(await made.reach()).toBe(2006)
  made.lose(1, 5)
  made.memory.clear()
  expect(await made.reach()).toBe(2006)
  // Without a history, or for a backup that ended after the switch, the timeline stays the one of the backup.
  expect(await made.reach('0/680000')).toBe(1007)
  made.write('00000002.history', 'no history')
  expect(await made.reach('0/300000')).toBe(1004)
})

test('lists names again only when the directory has changed', async () => {
  await using made = await archive()
  made.put(1, [3, 4])
  expect(await made.reach()).toBe(1004)
  // As if nobody had changed it: what is listed is what was.
  made.put(1, [5])
  expect(await made.reach()).toBe(1004)
  made.age(LONG_AGO + 1)
  expect(await made.reach()).toBe(1005)
})
