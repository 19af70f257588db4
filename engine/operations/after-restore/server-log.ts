import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import { parseRecoveryLog, type RecoveryLog } from '../../format/recovery-log.ts'

/** What the log of a restored server tells since its last start. */
export type RestoredLog = Pick<RecoveryLog, 'replayedLsn'> & {
  /** Where it was read. */
  readonly file: string
  /** Where recovery stopped, in the words of the server. */
  readonly stop: string | undefined
  /** Lines with `FATAL` and `PANIC` that are of more than a session, the last ones. */
  readonly serious: readonly string[]
}

/** Of a log only the end is read. */
const TAIL_BYTES = 256 * 1024
const MOST_SERIOUS = 5
const LONGEST_LINE = 500
const STARTED = /LOG: {2}starting PostgreSQL /

/**
 * Reads the log of a server where it can be found: as its collector says, where its process writes it, or beside the data
 * directory, where the window advises to put it. Undefined where it is nowhere, or not in English.
 */
export async function readRestoredLog(
  dataDirectory: string,
  pid: number | undefined,
): Promise<RestoredLog | undefined> {
  for (const file of await places(dataDirectory, pid)) {
    const text = tailOf(file)
    if (text !== undefined) return { file, ...parseRestoredLog(text) }
  }
  return undefined
}

/** Pure. */
export function parseRestoredLog(text: string): Omit<RestoredLog, 'file'> {
  const all = text.split(/\r?\n/)
  const lines = all.slice(
    Math.max(
      0,
      all.findLastIndex((line) => STARTED.test(line)),
    ),
  )
  const { replayedLsn, stop } = parseRecoveryLog(lines.join('\n'))
  const serious = lines
    .filter((line) => parseRecoveryLog(line).fatal !== undefined)
    .slice(-MOST_SERIOUS)
    .map((line) => line.slice(0, LONGEST_LINE))
  return { replayedLsn, stop: stop?.text, serious }
}

async function places(dataDirectory: string, pid: number | undefined): Promise<readonly string[]> {
  // Source: PostgreSQL `syslogger.c`, `update_metainfo_datafile`.
  const collected = await readFile(path.join(dataDirectory, 'current_logfiles'), 'utf8').catch(() => '')
  const named = /^stderr (.+)$/m.exec(collected)?.[1]
  // Only Linux tells; elsewhere it is not there.
  const open = pid === undefined ? undefined : await readlink(`/proc/${pid}/fd/2`).catch(() => undefined)
  return [
    ...(named === undefined ? [] : [path.resolve(dataDirectory, named)]),
    ...(open !== undefined && path.isAbsolute(open) && !open.startsWith('/dev/') ? [open] : []),
    `${dataDirectory}.log`,
  ]
}

function tailOf(file: string): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch {
    return undefined
  }
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile()) return undefined
    const bytes = Buffer.alloc(Math.min(TAIL_BYTES, found.size))
    const read = readSync(descriptor, bytes, 0, bytes.length, found.size - bytes.length)
    return bytes.toString('utf8', 0, read)
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}
