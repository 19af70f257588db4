import { describe, expect, test } from 'vitest'
import type { JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { isoFromMs } from '../../../engine/base/iso-time.ts'
import type { Say } from '../../lib/i18n.ts'
import { doneShare, jobSeconds, progressWords, resultWords, restoredTo } from './job-words.ts'

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
