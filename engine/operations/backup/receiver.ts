import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Lsn } from '../../base/lsn.ts'
import type { Run } from '../../base/run.ts'
import { mapFileError } from '../../host/file-error.ts'
import type { ConnectionSettings } from '../../server/connection.ts'
import { receiveWal } from '../../server/receive-wal.ts'
import { openWalDirectory } from '../../server/wal-directory.ts'
import type { BackupWal } from './stream-wal.ts'

/** WAL that flows into the backup while its files are copied. Disposing ends the connection, finished or not. */
export type Receiver = AsyncDisposable & {
  /** Rejects when receiving fails for good; never resolves. */
  readonly lost: Promise<never>
  /** The backup ends there: what comes after the segment of that LSN is not needed. */
  stopAt(lsn: Lsn): void
  /** The WAL up to the stop has been read and is sound: resolves when its segment is complete and on disk. */
  finish(): Promise<void>
}

/** Starts to receive WAL from the segment that holds `startLsn` into the directory of the backup. */
export async function openReceiver(
  connection: ConnectionSettings,
  wal: BackupWal,
  startLsn: Lsn,
  slot: { readonly name: string; readonly isTemporary: boolean } | undefined,
  run: Run,
): Promise<Receiver> {
  const directory = wal.place.directory
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((thrown: unknown) => {
    throw mapFileError(thrown, directory, 'create')
  })
  const stop = new AbortController()
  let stopLsn: Lsn | undefined
  let isProven = false
  const receiving = receiveWal(connection, {
    systemIdentifier: wal.systemIdentifier,
    timeline: wal.timeline,
    startLsn,
    segmentBytes: wal.segmentBytes,
    slot,
    directory: openWalDirectory(directory, wal.segmentBytes),
    until: () => (stopLsn === undefined ? undefined : { lsn: stopLsn, isProven }),
    signal: AbortSignal.any([run.signal, stop.signal]),
    log: run.log,
  })
  const lost = new Promise<never>((_, reject) => receiving.catch(reject))
  // Whoever waits for something else looks at it too late; until then it must not count as unhandled.
  lost.catch(() => undefined)
  run.log.log(`receiving WAL into ${path.basename(directory)}`)
  return {
    lost,
    stopAt: (lsn) => {
      stopLsn = lsn
    },
    finish: async () => {
      isProven = true
      await receiving
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await receiving.catch(() => undefined)
    },
  }
}

/** A receiver that fails ends whatever else is waited for: without its WAL the backup is worth nothing. */
export async function unlessLost<Value>(
  receiver: Receiver | undefined,
  run: Run,
  work: (run: Run) => Promise<Value>,
): Promise<Value> {
  if (receiver === undefined) return await work(run)
  const left = new AbortController()
  const working = work({ ...run, signal: AbortSignal.any([run.signal, left.signal]) })
  working.catch(() => undefined)
  try {
    return await Promise.race([working, receiver.lost])
  } finally {
    // Work that nobody waits for any more would go on looking for WAL, and keep the process alive with it.
    left.abort()
  }
}
