import { expect, test } from 'vitest'
import { jobHandlers, ON_MAIN, runCli } from '../testing/cli-world.ts'

const status = (segmentCount: number) => ({
  updatedAt: undefined,
  segmentCount,
  pendingCount: 0,
  pendingBytes: 0,
  commitCount: 0,
  abortCount: 0,
  firstCommitAt: undefined,
  lastCommitAt: undefined,
  findings: [],
})

test.each([
  [0, 'instance "main" has no WAL to look through: nothing is archived, and no backup has its own'],
  [1, 'nothing of that was found in the segment of WAL that was read'],
  [7, 'nothing of that was found in the 7 segments of WAL that were read'],
])('find in %i segments without an accident says so', async (segmentCount, sentence) => {
  const result = { readSegments: 0, readBytes: 0, removedSegments: 0, commits: 0, findingCount: 0 }
  const { status: exit, err } = await runCli(['find', ...ON_MAIN], {
    handlers: {
      'wal.index.start': async () => ({ job: 'job-1' }),
      ...jobHandlers({ kind: 'index-wal', result: { kind: 'index-wal', ...result } }),
      'wal.accidents': async () => ({ accidents: [] }),
      'wal.index-status': async () => status(segmentCount),
    },
  })
  expect({ exit, err }).toEqual({ exit: 0, err: `INFO: ${sentence}\n` })
})

test.each([
  [false, 'it has no backup that can be used, and no archived WAL'],
  [true, 'it has no backup that can be used'],
])('window without a moment says why (with WAL: %s)', async (hasWal, why) => {
  const lane = {
    timeline: 1,
    parent: undefined,
    switchLsn: undefined,
    switchTime: undefined,
    hasHistory: true,
    wal: { from: '0/1000000', to: '0/2000000', fromTime: undefined, toTime: undefined, bytes: 1 << 24 },
    zones: [],
    points: [],
  }
  const { status: exit, err } = await runCli(['window', ...ON_MAIN], {
    handlers: { 'recovery.window': async () => ({ lanes: hasWal ? [lane] : [], gaps: [], strandedIds: [] }) },
  })
  expect({ exit, err }).toEqual({
    exit: 0,
    err: `INFO: no moment of instance "main" can be restored to: ${why}\n`,
  })
})
