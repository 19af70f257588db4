import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { BackupId } from '../base/backup-id.ts'
import type { RetainedBackup } from '../base/retention.ts'
import { parseControlTime } from '../format/backup-control.ts'

const DIRECTORY = path.join(import.meta.dirname, '..', '..', '..', 'shared', 'fixtures', 'retention')

/** What the reference tool said of one catalog under one policy. */
export type RecordedCase = {
  readonly redundancy: number
  readonly window: number
  readonly mergeExpired: boolean
  /** Null where merging was asked. */
  readonly remainingAfterDelete: readonly string[] | null
  readonly marked: readonly string[]
  readonly report: readonly string[]
}

type RecordedFile = {
  readonly now: string
  readonly backups: readonly RecordedBackup[]
  readonly cases: readonly RecordedCase[]
}

export type RecordedBackup = {
  readonly id: string
  readonly mode: string
  readonly parent: string | null
  readonly status: string
  readonly startTime: string
  readonly recoveryTime: string | null
  readonly expireTime: string | null
  readonly startLsn: string
  readonly stopLsn: string
  readonly stream: boolean
}

/** One of the recorded catalogs. `retained` are its backups, newest first. */
export type RecordedCatalog = RecordedFile & {
  readonly name: string
  readonly nowSeconds: number
  readonly retained: readonly RetainedBackup[]
}

/** Ends a test's title when the recordings are not there; empty when they are. */
export function whyNoRecordedRetention(): string {
  return existsSync(DIRECTORY) ? '' : ' (skipped: the recorded verdicts are not there)'
}

/** The recorded catalogs; none where the recordings are not there. */
export function recordedRetention(): readonly RecordedCatalog[] {
  if (!existsSync(DIRECTORY)) return []
  return readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const file = JSON.parse(readFileSync(path.join(DIRECTORY, name), 'utf8')) as RecordedFile
      return {
        ...file,
        name,
        nowSeconds: Date.parse(file.now) / 1000,
        retained: file.backups.map(retainedOf).toSorted((a, b) => b.startSeconds - a.startSeconds),
      }
    })
}

function retainedOf(one: RecordedBackup): RetainedBackup {
  return {
    id: one.id as BackupId,
    mode: one.mode,
    status: one.status,
    parentId: (one.parent ?? undefined) as BackupId | undefined,
    startSeconds: parseControlTime(one.startTime),
    recoverySeconds: one.recoveryTime === null ? undefined : parseControlTime(one.recoveryTime),
    expireSeconds: one.expireTime === null ? undefined : parseControlTime(one.expireTime),
  }
}
