import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { type Lsn, formatLsn, parseLsn } from '../../engine/base/lsn.ts'
import { type MadeBackup, writeBackup } from '../../engine/testing/made-catalog.ts'
import { MadeWal, timedData } from '../../engine/testing/made-wal.ts'

const DAY = 86_400
const HOUR = 3600
const GB = 1_000_000_000
const SEGMENT_HOURS = 4
const MOST_COMMITS = 40
/** Of the transaction log's resource manager: a commit, and a commit that tells more than its time. */
const [COMMIT, COMMIT_WITH_MORE] = [0x00, 0x80]
const HAS_DROPPED_FILES = 1 << 2

/** Five weeks of an instance: a FULL a week with increments, one of them pinned, one broken. */
export function writeShop(catalog: string, nowSeconds: number): void {
  const instance = writeInstance(catalog, 'shop', [
    'system-identifier = 7710421429158343052',
    'retention-redundancy = 2',
    'retention-window = 14',
  ])
  let place = 1
  const write = (daysAgo: number, given: MadeBackup): string => {
    const startSeconds = Math.floor(nowSeconds - daysAgo * DAY)
    const isFull = given.parent === undefined
    const wave = 1 + 0.4 * Math.sin(daysAgo * 2.3)
    const start = (++place).toString(16).toUpperCase()
    return writeSound(instance, startSeconds, {
      dataBytes: Math.round(isFull ? (5 - daysAgo / 40) * GB : wave * 0.24 * GB),
      uncompressedBytes: Math.round(isFull ? (14 - daysAgo / 15) * GB : wave * 0.6 * GB),
      startLsn: parseLsn(`3/${start}000028`),
      stopLsn: parseLsn(`3/${start}000168`),
      endSeconds: startSeconds + (isFull ? 1500 : 240),
      ...given,
    })
  }
  for (const week of [4, 3, 2, 1, 0]) {
    let parent: string | undefined
    for (let step = 0; step < 7; step++) {
      const daysAgo = week * 7 + 6.6 - step
      if (daysAgo < 0.05) break
      const given: MadeBackup =
        parent === undefined
          ? week === 3
            ? { expireSeconds: nowSeconds + 33 * DAY, note: 'before the migration' }
            : {}
          : { parent, ...(step % 2 === 0 && { mode: 'PAGE' }) }
      const isBroken = week === 1 && step > 3
      parent = write(daysAgo, isBroken ? { ...given, status: step === 4 ? 'CORRUPT' : 'ORPHAN' } : given)
    }
  }
}

/**
 * Ten days of an instance that archives its WAL: commits by day and few by night, three segments that are missing, a
 * standby that was promoted, and a table that was dropped two days ago.
 */
export function writeLedger(catalog: string, nowSeconds: number): void {
  const instance = writeInstance(catalog, 'ledger', [
    'system-identifier = 7710421429158343052',
    `xlog-seg-size = ${1 << 20}`,
  ])
  const archive = path.join(catalog, 'wal', 'ledger')
  const begin = nowSeconds - 10 * DAY
  let wal = new MadeWal()
  let xid = 48_000
  let parent: string | undefined
  const put = (made: MadeWal, number: bigint, seconds: number): void => {
    const file = path.join(archive, made.nameOf(number))
    writeFileSync(file, made.segments.get(number) ?? '')
    utimesSync(file, seconds, seconds)
  }
  for (let at = begin; at < nowSeconds - HOUR; at += SEGMENT_HOURS * HOUR) {
    const number = wal.end / BigInt(wal.segmentBytes)
    const days = (at - begin) / DAY
    const isNoon = Math.abs((days % 1) - 0.5) < 0.05
    const startLsn = wal.append()
    if (isNoon) {
      const isFull = Math.floor(days) % 4 === 0
      parent = writeSound(instance, at, {
        dataBytes: Math.round(isFull ? 2.4 * GB : 0.2 * GB),
        timeline: wal.timeline,
        startLsn,
        stopLsn: wal.append(),
        endSeconds: at + 400,
        recoverySeconds: at + 400,
        ...(isFull || parent === undefined ? {} : { parent }),
      })
    }
    const commits = Math.round(MOST_COMMITS * (0.35 + 0.65 * Math.max(0, Math.sin(days * 2 * Math.PI))))
    for (let count = 1; count <= commits; count++) {
      const seconds = at + (count / (commits + 1)) * SEGMENT_HOURS * HOUR
      wal.append({ mainData: new Uint8Array(2000) })
      wal.append({ rmgr: 1, info: COMMIT, xid: ++xid, mainData: timedData(microsOf(seconds)) })
    }
    if (Math.abs(days - 7 - 2 / 3) < 0.05)
      wal.append({ rmgr: 1, info: COMMIT_WITH_MORE, xid: ++xid, mainData: dropOf(at + 3.8 * HOUR) })
    if (Math.abs(days - 6.5) < 0.05) {
      const left = wal
      const switchLsn = wal.end
      wal = left.branch(2)
      left.switchSegment()
      put(left, number, at)
      wal.append({ rmgr: 1, info: COMMIT, xid: ++xid, mainData: timedData(microsOf(at + 3.9 * HOUR)) })
      writeFileSync(path.join(archive, '00000002.history'), historyOf(switchLsn))
    }
    wal.switchSegment()
    if (days < 2.6 || days > 3.1) put(wal, number, at + SEGMENT_HOURS * HOUR)
  }
}

function writeInstance(catalog: string, name: string, config: readonly string[]): string {
  const instance = path.join(catalog, 'backups', name)
  mkdirSync(instance, { recursive: true })
  mkdirSync(path.join(catalog, 'wal', name), { recursive: true })
  writeFileSync(path.join(instance, 'pg_probackup.conf'), ['pgdata = /srv/pg/data', ...config, ''].join('\n'))
  return instance
}

function writeSound(instance: string, startSeconds: number, given: MadeBackup): string {
  const id = backupIdFromSeconds(startSeconds)
  const directory = writeBackup(instance, id, {
    recoverySeconds: startSeconds + 300,
    compressAlgorithm: 'zlib',
    walBytes: 16 << 20,
    serverVersion: '15',
    ...given,
  })
  mkdirSync(path.join(directory, 'database'))
  writeFileSync(path.join(directory, 'backup_content.control'), '')
  return id
}

function microsOf(seconds: number): bigint {
  return BigInt(Math.round(seconds * 1e6)) + 118_024n
}

/** What a commit says that dropped a table, its index and its TOAST table. */
function dropOf(seconds: number): Uint8Array {
  const files = [16_412, 16_415, 16_416]
  const data = new Uint8Array(16 + files.length * 12)
  const view = new DataView(data.buffer)
  data.set(timedData(microsOf(seconds)))
  view.setUint32(8, HAS_DROPPED_FILES, true)
  view.setUint32(12, files.length, true)
  for (const [index, file] of files.entries()) {
    view.setUint32(16 + index * 12, 1663, true)
    view.setUint32(20 + index * 12, 16_384, true)
    view.setUint32(24 + index * 12, file, true)
  }
  return data
}

function historyOf(switchLsn: Lsn): string {
  return `1\t${formatLsn(switchLsn)}\tno recovery target specified\n`
}
