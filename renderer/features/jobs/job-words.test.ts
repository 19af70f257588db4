import { describe, expect, test } from 'vitest'
import type { JobResult, JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { isoFromMs } from '../../../engine/base/iso-time.ts'
import type { Say } from '../../lib/i18n.ts'
import {
  doneShare,
  jobSeconds,
  leavesUnfinished,
  progressWords,
  resultWords,
  restoredTo,
  shownState,
} from './job-words.ts'

const say: Say = (key, values = {}) => [key, ...Object.values(values)].join(' ')

const job: JobSnapshot = {
  id: 'j1',
  kind: 'backup',
  catalog: '/c',
  instance: 'main',
  backupId: undefined,
  mode: 'FULL',
  state: 'running',
  createdAt: isoFromMs(0),
  startedAt: isoFromMs(0),
  endedAt: undefined,
  progress: {
    phase: 'copy',
    doneBytes: 512,
    totalBytes: 2048,
    doneFiles: 3,
    totalFiles: 9,
    currentFiles: [],
  },
  rateBytesPerSecond: 100,
  etaSeconds: [60, 120],
  phases: [],
  result: undefined,
  error: undefined,
  warningCount: 0,
  logCount: 0,
}

describe('the progress of a job', () => {
  test('has a share, bytes, files, rate and the time that is left', () => {
    expect(doneShare(job)).toBe(0.25)
    expect(progressWords(say, job)).toEqual([
      'jobs.bytes 512 B 2.00 KiB',
      'jobs.files 3 9',
      'jobs.rate 100 B',
      'jobs.eta-range 1–2 min',
    ])
  })

  test('has no share where the total is not known, and never a made-up one', () => {
    const waiting = {
      ...job,
      rateBytesPerSecond: undefined,
      etaSeconds: undefined,
      progress: {
        phase: 'checkpoint',
        doneBytes: 0,
        totalBytes: undefined,
        doneFiles: 0,
        totalFiles: undefined,
        currentFiles: [],
      },
    } as const
    expect(doneShare(waiting)).toBeUndefined()
    expect(progressWords(say, waiting)).toEqual([])
  })

  test('lasts to its end, or to now', () => {
    expect(jobSeconds(job, 5000)).toBe(5)
    expect(jobSeconds({ ...job, endedAt: isoFromMs(2000) }, 5000)).toBe(2)
    expect(jobSeconds({ ...job, startedAt: undefined }, 5000)).toBeUndefined()
  })
})

test('a validation that found something counts problems, not warnings', () => {
  const finding = { code: 'file-crc', instance: 'main', backupId: 'A', where: 'x', message: 'm' }
  const result = {
    kind: 'validate',
    verdicts: [],
    isSound: false,
    findings: [
      { ...finding, severity: 'problem' },
      { ...finding, severity: 'attention' },
    ],
  } as const
  expect(resultWords(say, result)).toBe('result.validate-damaged 1')
})

test('a restore says to which side of which moment, and nothing where none was asked for', () => {
  const restored = { kind: 'restore', backupId: 'A', dataDirectory: '/d' } as const
  const counts = { fileCount: 1, writtenBytes: 1, reusedBytes: 0, deletedFiles: 0 }
  const words = (more: object) =>
    restoredTo(
      (key, values) => `${key} ${JSON.stringify(values)}`,
      { result: { ...restored, ...counts, ...more } },
      'utc',
    )
  expect(words({})).toBeUndefined()
  expect(words({ target: { kind: 'xid', xid: '751' } })).toBe('xid 751')
  expect(words({ target: { kind: 'xid', xid: '751' }, isInclusive: false })).toBe(
    'target.before {"what":"xid 751"}',
  )
})

test('of a restore that broke off while it wrote, and of no other job, something is left', () => {
  const phases = [{ phase: 'restore', elapsedMs: 1, runningSince: undefined }] as const
  const broken = { ...job, kind: 'restore', state: 'cancelled', phases } as const
  expect(leavesUnfinished(broken)).toBe(true)
  expect(leavesUnfinished({ ...broken, state: 'interrupted' })).toBe(true)
  expect(leavesUnfinished({ ...broken, state: 'running' })).toBe(false)
  expect(leavesUnfinished({ ...broken, state: 'succeeded' })).toBe(false)
  expect(leavesUnfinished({ ...broken, phases: [] })).toBe(false)
  expect(leavesUnfinished({ ...broken, kind: 'backup' })).toBe(false)
})

describe('what came of retention', () => {
  const none = {
    kind: 'retention',
    deletedIds: ['a'],
    mergedIds: [],
    skippedIds: [],
    walFiles: 0,
    freedBytes: 2048,
  } as const

  test('names what happened, and nothing that did not', () => {
    expect(resultWords(say, none)).toBe('result.retention-deleted 1 · result.retention-freed 2.00 KiB')
    expect(resultWords(say, { ...none, mergedIds: ['b'], skippedIds: ['c', 'd'], walFiles: 7 })).toBe(
      'result.retention-deleted 1 · result.retention-merged 1 · result.retention-wal 7 · result.retention-skipped 2 · result.retention-freed 2.00 KiB',
    )
  })
})

function drillThat(isPassed: boolean): JobResult {
  return {
    kind: 'drill',
    drill: {
      id: 'd1',
      catalog: '/c',
      instance: 'main',
      backupId: 'A',
      target: undefined,
      startedAt: isoFromMs(0),
      durationMs: 1,
      steps: [],
      checks: [],
      isPassed,
      stop: undefined,
      scratchId: undefined,
    },
  }
}

describe('how a job that did all of its work stands', () => {
  const done = { ...job, state: 'succeeded' } as const
  const finding = {
    severity: 'attention',
    code: 'file-size',
    instance: 'main',
    backupId: 'a',
    where: '',
    message: '',
  } as const
  const validated = { kind: 'validate', verdicts: [], findings: [], isSound: true } as const
  const index = {
    kind: 'index-wal',
    readSegments: 1,
    readBytes: 1,
    removedSegments: 0,
    commits: 1,
    findingCount: 0,
  } as const

  test('is well where nothing was found', () => {
    expect(shownState(done)).toBe('succeeded')
    expect(shownState({ ...done, result: validated })).toBe('succeeded')
    expect(shownState({ ...done, result: drillThat(true) })).toBe('succeeded')
    expect(shownState({ ...done, result: index })).toBe('succeeded')
  })

  test('is not where a backup is damaged or a check has failed', () => {
    expect(shownState({ ...done, result: { ...validated, findings: [finding], isSound: false } })).toBe(
      'unsound',
    )
    expect(shownState({ ...done, result: drillThat(false) })).toBe('unsound')
  })

  test('wants a look where something was noticed', () => {
    expect(shownState({ ...done, result: { ...validated, findings: [finding] } })).toBe('noted')
    expect(shownState({ ...done, result: { ...index, findingCount: 1 } })).toBe('noted')
  })

  test('says that it failed before it says what it found', () => {
    expect(shownState({ ...job, state: 'cancelled', result: drillThat(false) })).toBe('cancelled')
  })
})
