import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { formatLsn, type Lsn } from '../base/lsn.ts'
import { formatBackupControl } from '../format/backup-control.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { makeArchiveCatalog } from '../testing/made-archive.ts'
import { madeControl } from '../testing/made-catalog.ts'
import { type MadeWal, timedData } from '../testing/made-wal.ts'

/** 2026-11-21 15:40:00 UTC, in microseconds. */
const BASE = 1_795_275_600_000_000n
const at = (seconds: number): bigint => BASE + BigInt(Math.round(seconds * 1e6))
const iso = (seconds: number): string =>
  `${new Date(Number(at(seconds) / 1000n)).toISOString().slice(0, 19)}.${String(at(seconds) % 1_000_000n).padStart(6, '0')}Z`

const commit = (wal: MadeWal, xid: number, seconds: number): Lsn =>
  wal.append({ rmgr: 1, xid, mainData: timedData(at(seconds)) })

/** What the archive has of the segment in which timeline 1 was left. */
type Parent = 'whole' | 'absent'

/**
 * A server that commits until 15:40:09.33 and goes on until 15:52; another was restored to a point at about 15:40:07, and has
 * its first commit at 15:54. Between these, nothing but what every server writes.
 */
async function leftInTheMiddle(parent: Parent) {
  const made = await makeArchiveCatalog()
  const { wal, archive, catalog } = made
  const put = (of: MadeWal, only: (number: bigint) => boolean = () => true): void => {
    for (const [number, bytes] of of.segments)
      if (only(number)) writeFileSync(path.join(archive, of.nameOf(number)), bytes)
  }
  const start = wal.append({ rmgr: 10 })
  const stop = wal.append({ rmgr: 10 })
  commit(wal, 700, 1)
  wal.switchSegment()
  commit(wal, 701, 6.75)
  const last = commit(wal, 702, 6.9)
  // The restore point at which the restore stops.
  wal.append({ rmgr: 0, info: 0x70, mainData: timedData(at(7), 'here') })
  const switchLsn = wal.end
  const leftNumber = switchLsn / BigInt(wal.segmentBytes)
  const child = wal.branch(2)
  const middle = commit(wal, 703, 8.2)
  commit(wal, 704, 9.33)
  wal.switchSegment()
  commit(wal, 705, 720)
  wal.switchSegment()
  child.append({ rmgr: 10, mainData: new Uint8Array(600_000) })
  child.switchSegment()
  child.append({ rmgr: 10, mainData: new Uint8Array(1000) })
  const first = commit(child, 703, 840)
  child.switchSegment()
  put(wal, (number) => parent === 'whole' || number < leftNumber)
  put(child)
  writeFileSync(
    path.join(archive, '00000002.history'),
    `1\t${formatLsn(switchLsn)}\tno recovery target specified\n`,
  )
  const directory = path.join(catalog, 'backups', 'main', 'TOTUG8')
  mkdirSync(path.join(directory, 'database'), { recursive: true })
  const control = madeControl({
    startLsn: start,
    stopLsn: stop,
    isStream: false,
    recoverySeconds: Number(at(0) / 1_000_000n),
  })
  writeFileSync(path.join(directory, 'backup.control'), formatBackupControl(control))
  return { made, ref: { catalog, instance: 'main' }, switchLsn, last, first, middle }
}

async function scanned(engine: TestEngine, ref: { catalog: string; instance: string }): Promise<void> {
  expect((await engine.ended(engine.client['wal.index.start'](ref))).state).toBe('succeeded')
}

test.each<Parent>(['whole', 'absent'])(
  'a switch has the time of the last transaction before it, when the parent has its segment %s',
  async (parent) => {
    const { made, ref, switchLsn } = await leftInTheMiddle(parent)
    await using _made = made
    await using engine = await startEngine()
    await scanned(engine, ref)

    const { lanes } = await engine.client['recovery.window'](ref)

    const [own, child] = lanes
    const switched = { at: iso(6.9), isExact: true }
    expect(child?.switchTime).toEqual(switched)
    expect(child?.wal).toMatchObject({ from: formatLsn(switchLsn), fromTime: switched })
    expect(child?.zones).toMatchObject([
      { from: formatLsn(switchLsn), fromTime: switched, toTime: { at: iso(840), isExact: true } },
    ])
    expect(own?.zones).toMatchObject([
      { toTime: parent === 'whole' ? { at: iso(720), isExact: true } : switched },
    ])
  },
)

test('what was not read has dates of files, and is not said to be exact', async () => {
  const { made, ref } = await leftInTheMiddle('whole')
  await using _made = made
  await using engine = await startEngine()

  const { lanes } = await engine.client['recovery.window'](ref)

  expect(lanes[1]?.switchTime?.isExact).toBe(false)
})

test('a place between two transactions has the time of the one before it, as the index knows it', async () => {
  const { made, ref, middle, last, first } = await leftInTheMiddle('whole')
  await using _made = made
  await using engine = await startEngine()
  const timeAt = async (lsn: Lsn, targetTimeline: string) => {
    const target = { kind: 'lsn', lsn: formatLsn(lsn) } as const
    const verdict = await engine.client['recovery.moment']({ ...ref, target, targetTimeline })
    return verdict.kind === 'reachable' ? verdict.time : verdict
  }
  expect(await timeAt(middle, '1')).toMatchObject({ isExact: false })

  await scanned(engine, ref)

  expect(await timeAt(middle, '1')).toEqual({ at: iso(8.2), isExact: true })
  expect(await timeAt(last, '1')).toEqual({ at: iso(6.9), isExact: true })
  expect(await timeAt((first - 8n) as Lsn, '2')).toEqual({ at: iso(6.9), isExact: true })
  expect(await timeAt(first, '2')).toEqual({ at: iso(840), isExact: true })
})

test('segments are listed as many as asked for, the latest first, of one timeline', async () => {
  const { made, ref } = await leftInTheMiddle('whole')
  await using _made = made
  await using engine = await startEngine()
  await scanned(engine, ref)
  const namesOf = async (more: object): Promise<readonly string[]> => {
    const { segments } = await engine.client['wal.segments']({ ...ref, ...more })
    return segments.map(({ segment }) => `${segment.slice(7, 8)}/${segment.slice(-2)}`)
  }
  expect(await namesOf({})).toEqual(['1/01', '1/02', '1/03', '2/02', '2/03'])
  expect(await namesOf({ direction: 'backward', limit: 2 })).toEqual(['2/03', '2/02'])
  expect(await namesOf({ direction: 'backward', timeline: 1, limit: 2 })).toEqual(['1/03', '1/02'])
  const { next } = await engine.client['wal.segments']({ ...ref, direction: 'backward', limit: 2 })
  expect(await namesOf({ direction: 'backward', after: next })).toEqual(['1/03', '1/02', '1/01'])
  expect(await namesOf({ from: iso(700) })).toEqual(['1/03', '2/03'])
})
