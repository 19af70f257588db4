import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { startEngine } from '../testing/engines.ts'
import { writeCatalog } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'

/** A minute goes by whenever somebody looks. */
function hurriedClock(): Clock {
  let ms = Date.parse('2026-11-21T00:00:00Z')
  return { nowMs: () => (ms += 60_000) }
}

test.each([
  ['is kept when it is changed while its server is away', true],
  ['that is new and leads nowhere is given up', false],
])('a receiver %s', async (_, isThere) => {
  await using scratch = await scratchDirectory('receivers')
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  const lines = [
    'system-identifier = 7',
    'xlog-seg-size = 1048576',
    'pghost = 127.0.0.1',
    'pgport = 1',
    'pguser = me',
  ]
  writeFileSync(path.join(instance, 'pg_probackup.conf'), lines.map((line) => `${line}\n`).join(''))
  mkdirSync(path.join(catalog, 'wal', 'main'), { recursive: true })
  const stateDirectory = path.join(scratch.path, 'state')
  mkdirSync(stateDirectory)
  const ref = { catalog, instance: 'main' }
  writeFileSync(path.join(stateDirectory, 'state.json'), JSON.stringify({ receivers: isThere ? [ref] : [] }))
  await using engine = await startEngine({ stateDirectory, clock: hurriedClock() })
  const { client } = engine
  await client['wal-receiver.start']({ ...ref, compressLevel: 3 })
  await expect
    .poll(async () => await client['wal-receiver.status'](ref))
    .toMatchObject(isThere ? { phase: 'reconnecting', isKept: true } : { phase: 'failed', isKept: false })
  await client['wal-receiver.stop'](ref)
})
