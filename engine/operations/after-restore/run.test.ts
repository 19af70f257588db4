import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { SILENT_LOG } from '../../base/log.ts'
import { crc32c } from '../../format/crc32c.ts'
import { madeControlFile } from '../../testing/made-archive.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { cleanUpRestored, readRestored } from './run.ts'

const HEAD = '# recovery settings added by pg_probackup restore of backup TOTTEK at 2026-11-21\n'
const COMMAND = "restore_command = 'cp /备份/%f %p'\n"
/** As ALTER SYSTEM writes it in a database in LATIN1. */
const LATIN1 = Buffer.from("search_path = 'größe'\n", 'latin1')

describe('settings that a restore has added', () => {
  test('go, and every other byte stays, whatever its encoding', async () => {
    await using scratch = await scratchDirectory('after-restore')
    const file = made(scratch.path)
    writeFileSync(file, Buffer.concat([LATIN1, Buffer.from(`\n${HEAD}${COMMAND}`), LATIN1]))
    chmodSync(file, 0o640)
    const { block } = await readRestored(scratch.path, undefined)
    expect(block.lines).toEqual([HEAD.trim(), COMMAND.trim()])
    await cleanUpRestored(scratch.path, undefined, SILENT_LOG)
    expect(readFileSync(file).equals(Buffer.concat([LATIN1, LATIN1]))).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(readdirSync(scratch.path).toSorted()).toEqual(['global', 'postgresql.auto.conf'])
  })
})

function made(dataDirectory: string): string {
  mkdirSync(path.join(dataDirectory, 'global'))
  writeFileSync(path.join(dataDirectory, 'global', 'pg_control'), closedControlFile())
  return path.join(dataDirectory, 'postgresql.auto.conf')
}

/** Of a cluster that was shut down: recovery is over. Source: PostgreSQL `pg_control.h`, `DBState`. */
function closedControlFile(): Uint8Array {
  const bytes = madeControlFile({ systemIdentifier: 7n, segmentBytes: 1 << 20 })
  const view = new DataView(bytes.buffer)
  view.setUint32(16, 1, true)
  view.setUint32(288, crc32c(bytes.subarray(0, 288)), true)
  return bytes
}
