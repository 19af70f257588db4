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

test.each([
  [true, 'INFO: no PITR: instance "main" has no archived WAL after a backup, so only the end of each backup'],
  [false, ''],
])('window says where there is no PITR (with points alone: %s)', async (hasPointsAlone, said) => {
  const range = { from: '0/2000100', to: '0/3000000', fromTime: undefined, toTime: undefined, bytes: 1 << 24 }
  const zone = { ...range, baseId: 'TOTTEK', baseCount: 1, endsBy: 'archive-end' as const }
  const lane = {
    timeline: 1,
    parent: undefined,
    switchLsn: undefined,
    switchTime: undefined,
    hasHistory: true,
    wal: undefined,
    zones: hasPointsAlone ? [] : [zone],
    points: [{ backupId: 'TOTTEK', lsn: '0/2000100', time: undefined }],
  }
  const handlers = { 'recovery.window': async () => ({ lanes: [lane], gaps: [], strandedIds: [] }) }
  const plain = await runCli(['window', ...ON_MAIN], { handlers })
  expect(plain.err).toBe(said === '' ? '' : `${said} can be restored to\n`)
  // What programs read stays as it is.
  expect(plain.out).toMatch(/ point .* TOTTEK /)
  expect(plain.out).not.toContain('PITR')
})
