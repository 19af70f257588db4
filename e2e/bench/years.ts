import { backupIdFromSeconds } from '../../engine/base/backup-id.ts'
import { parseLsn } from '../../engine/base/lsn.ts'
import { writeBackup, writeCatalog } from '../../engine/testing/made-catalog.ts'

const HOUR = 3600
const GB = 1_000_000_000

/** A catalog with a backup every hour until an hour ago, in chains of a FULL and its increments. Gives how many. */
export function writeYears(catalog: string, chains: number, each: number): number {
  const instance = writeCatalog(catalog)
  const count = chains * each
  const first = Math.floor(Date.now() / 1000) - count * HOUR
  let parent: string | undefined
  for (let at = 0; at < count; at++) {
    const isFull = at % each === 0
    const startSeconds = first + at * HOUR
    const id = backupIdFromSeconds(startSeconds)
    const segment = (at + 2) * 2
    writeBackup(instance, id, {
      dataBytes: isFull ? 5 * GB : GB / 10,
      walBytes: 16 << 20,
      recoverySeconds: startSeconds + 600,
      startLsn: parseLsn(`${(segment >> 8).toString(16)}/${(segment & 255).toString(16)}000028`),
      stopLsn: parseLsn(`${(segment >> 8).toString(16)}/${(segment & 255).toString(16)}000100`),
      ...(isFull || parent === undefined ? {} : { parent }),
    })
    parent = id
  }
  return count
}
