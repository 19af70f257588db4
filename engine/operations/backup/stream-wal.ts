import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { delay } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn } from '../../base/lsn.ts'
import type { Run } from '../../base/run.ts'
import { findWalSegment, type Timeline, walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { checkWalRange, findStopLsn, type WalCheck } from '../steps/check-wal.ts'
import type { WalPlace } from '../steps/read-wal.ts'
import { checksumFiles } from '../steps/checksum-files.ts'
import type { WorkerPool } from '../steps/worker-pool.ts'
import { plainEntry } from './content.ts'

/** WAL of a stream is there within moments, that of an archive may take minutes: looks become rarer. */
const FIRST_POLL_MS = 5
const LAST_POLL_MS = 250
const REGULAR_FILE_0600 = 0o100600

/** Where the WAL of a backup is looked for, and what it is like. */
export type BackupWal = {
  readonly place: WalPlace
  readonly timeline: Timeline
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
}

/**
 * Waits until the segment that holds `lsn` has begun to arrive.
 *
 * @throws {EngineError} `wal.timeout`, with what to look at for the way that WAL takes.
 */
export async function waitForSegment(wal: BackupWal, lsn: Lsn, timeoutMs: number, run: Run): Promise<void> {
  const number = walSegmentNumber(lsn, wal.segmentBytes)
  const name = walSegmentName({ timeline: wal.timeline, number }, wal.segmentBytes)
  const names = new Set([name, `${name}.gz`, `${name}.partial`])
  await poll(`WAL segment ${name}`, wal, timeoutMs, run, async () => {
    const present = await readdir(wal.place.directory).catch(() => [])
    return present.some((file) => names.has(file)) ? true : undefined
  })
}

/**
 * Waits until a record can be read where the backup stops, and gives the stop LSN that is written down for it
 * (catalog format 7.7): only then is the WAL of the backup proven to be there.
 *
 * @throws {EngineError} `wal.timeout`
 */
export async function waitForStopLsn(
  wal: BackupWal,
  options: { readonly startLsn: Lsn; readonly stopLsn: Lsn; readonly isFromReplica: boolean },
  timeoutMs: number,
  run: Run,
): Promise<Lsn> {
  return await poll(
    `the WAL record at ${formatLsn(options.stopLsn)}`,
    wal,
    timeoutMs,
    run,
    async (waitedMs) => {
      const found = await findStopLsn({ ...wal, ...options, waitedMs, timeoutMs, signal: run.signal })
      return found.kind === 'found' ? found.stopLsn : undefined
    },
  )
}

async function poll<Value>(
  what: string,
  wal: BackupWal,
  timeoutMs: number,
  run: Run,
  look: (waitedMs: number) => Promise<Value | undefined>,
): Promise<Value> {
  const startedMs = run.clock.nowMs()
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(LAST_POLL_MS, pauseMs * 2)) {
    const waitedMs = run.clock.nowMs() - startedMs
    const found = await look(waitedMs)
    if (found !== undefined) return found
    if (waitedMs > timeoutMs) {
      throw new EngineError(
        'wal.timeout',
        `${what} did not arrive within ${Math.round(timeoutMs / 1000)} s`,
        {
          hint:
            wal.place.kind === 'archive'
              ? 'Check archive_mode, archive_command and pg_stat_archiver on the server, or take the backup with its own WAL (--stream).'
              : 'Check the replication connection and wal_sender_timeout on the server; --archive-timeout sets how long to wait.',
        },
      )
    }
    run.report({
      phase: 'wait-for-wal',
      doneBytes: 0,
      totalBytes: undefined,
      doneFiles: 0,
      totalFiles: undefined,
      currentFiles: [],
      reason: what,
    })
    await delay(pauseMs, run.signal)
  }
}

/**
 * Every record from start to stop. Among them is the last commit, abort or restore point, which is the time that the
 * backup recovers to; where there is none, the server's clock tells it (format 7.8).
 *
 * @throws {EngineError} `wal.damaged`
 */
export async function readWholeWal(
  wal: BackupWal,
  start: Lsn,
  stop: Lsn,
  run: Run,
): Promise<Extract<WalCheck, { kind: 'complete' }>> {
  const checked = await checkWalRange({
    places: [wal.place],
    timeline: wal.timeline,
    segmentBytes: wal.segmentBytes,
    systemIdentifier: wal.systemIdentifier,
    start,
    stop,
    signal: run.signal,
  })
  if (checked.kind === 'complete') return checked
  throw new EngineError(
    'wal.damaged',
    `the WAL of the backup cannot be read to its end: ${checked.problem.message}`,
    {
      hint: 'Take the backup again; if it happens again, check the disk and the replication connection.',
    },
  )
}

/** The lines of the segments and history files that were received into `database/pg_wal`, in the order of their names. */
export async function receivedWalEntries(
  databaseDirectory: string,
  segmentBytes: number,
  pool: WorkerPool,
): Promise<readonly ContentEntry[]> {
  const directory = path.join(databaseDirectory, 'pg_wal')
  const names = (await readdir(directory))
    .filter((name) => findWalSegment(name, segmentBytes) !== undefined || /^[0-9A-F]{8}\.history$/.test(name))
    .toSorted()
  const sums = await pool.run(
    checksumFiles,
    names.map((name) => path.join(directory, name)),
  )
  return names.map((name, index) =>
    plainEntry({ path: `pg_wal/${name}`, crc: 0, sizeBytes: 0, ...sums[index], mode: REGULAR_FILE_0600 }),
  )
}

/** What a backup without WAL of its own needs of the archive, as far as its size is told: whole segments, one at least. */
export function archivedWalBytes(wal: BackupWal, start: Lsn, stop: Lsn): number {
  const count = walSegmentNumber(stop, wal.segmentBytes) - walSegmentNumber(start, wal.segmentBytes)
  return Math.max(1, Number(count)) * wal.segmentBytes
}
