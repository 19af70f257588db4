import { readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SYSTEM_CLOCK } from '../../base/clock.ts'
import { logTo, SILENT_LOG } from '../../base/log.ts'
import type { Run } from '../../base/run.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { lockShared } from '../../catalog/lock.ts'
import { archiveOf } from '../../catalog/retention-archive.ts'
import { formatBackupControl } from '../../format/backup-control.ts'
import { madeBackup, writeBackup, writeCatalog } from '../../testing/made-catalog.ts'
import { scratchDirectory } from '../../testing/scratch.ts'
import { planRetention, type RetentionRequest } from './plan.ts'
import { applyRetention, type RetentionVerbs } from './run.ts'

const NOW = 1_795_220_000
const DAY = 86_400
const idOf = (days: number): string => (NOW - days * DAY).toString(36).toUpperCase()
const request: RetentionRequest = {
  policy: { redundancy: 0, windowDays: 7, walDepth: 0 },
  rule: { kind: 'probackup' },
  nowSeconds: NOW,
  deletesExpired: true,
  mergesExpired: false,
  purgesWal: false,
}
const VERBS: RetentionVerbs = {
  planMerge: () => ({ kind: 'refused', code: 'plan.refused', message: 'not here' }),
  merge: () => Promise.reject(new Error('nothing is merged here')),
}

/** A chain of 20, 19 and 18 days, another FULL of 17 days, and one of today. */
async function made(given: Partial<Run> = {}) {
  const scratch = await scratchDirectory('retention-run')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const catalog = path.join(scratch.path, 'catalog')
  const instance = writeCatalog(catalog)
  writeBackup(instance, idOf(20))
  writeBackup(instance, idOf(19), { parent: idOf(20) })
  writeBackup(instance, idOf(18), { parent: idOf(19) })
  writeBackup(instance, idOf(17))
  writeBackup(instance, idOf(0))
  const { signal } = new AbortController()
  const run: Run = { signal, log: SILENT_LOG, report: () => undefined, clock: SYSTEM_CLOCK, ...given }
  const inventory = await readInventory(catalog, 'main', run)
  const facts = { inventory, archive: await archiveOf(inventory, run), planMerge: VERBS.planMerge }
  const { hash } = planRetention(facts, request)
  const patience = { tries: 1, betweenMs: 1, emptyMs: 1 }
  const apply = () =>
    applyRetention({ catalog, instance: 'main', request, hash, confirm: 'main', patience }, VERBS, run)
  const ids = (): readonly string[] => readdirSync(instance).filter((name) => !name.endsWith('.conf'))
  return { instance, run, apply, ids }
}

describe('applying retention', () => {
  test('leaves a backup alone that is in use, and all that it needs', async () => {
    const { instance, run, apply, ids } = await made()
    await using _restore = await lockShared(path.join(instance, idOf(19)), run)
    const { deletedIds, skippedIds } = await apply()
    expect(deletedIds).toEqual([idOf(17), idOf(18)])
    expect(skippedIds).toEqual([idOf(19), idOf(20)])
    expect(ids().toSorted()).toEqual([idOf(20), idOf(19), idOf(0)].toSorted())
  })

  test('leaves a backup alone that another one needs which came meanwhile', async () => {
    let instance = ''
    const log = logTo(({ message }) => {
      if (message === `deleting backup ${idOf(17)}`) writeBackup(instance, idOf(-1), { parent: idOf(18) })
    })
    const catalog = await made({ log })
    instance = catalog.instance
    const { deletedIds, skippedIds } = await catalog.apply()
    expect(deletedIds).toEqual([idOf(17)])
    expect(skippedIds).toEqual([idOf(18), idOf(19), idOf(20)])
  })

  test('leaves a backup alone that cannot be read: it may be pinned', async () => {
    let instance = ''
    const log = logTo(({ message }) => {
      if (message === `deleting backup ${idOf(17)}`)
        writeFileSync(path.join(instance, idOf(18), 'backup.control'), 'what is this')
    })
    const catalog = await made({ log })
    instance = catalog.instance
    const { deletedIds, skippedIds } = await catalog.apply()
    expect(deletedIds).toEqual([idOf(17)])
    expect(skippedIds).toEqual([idOf(18), idOf(19), idOf(20)])
  })

  test('leaves a backup alone that has become another one', async () => {
    let instance = ''
    const log = logTo(({ message }) => {
      if (message !== `deleting backup ${idOf(17)}`) return
      // As a merge leaves the increment.
      writeFileSync(
        path.join(instance, idOf(18), 'backup.control'),
        formatBackupControl(madeBackup(idOf(18)).control),
      )
    })
    const catalog = await made({ log })
    instance = catalog.instance
    const { deletedIds } = await catalog.apply()
    expect(deletedIds).toEqual([idOf(17)])
    expect(catalog.ids()).toContain(idOf(18))
  })

  test('cancelled between two backups leaves the others', async () => {
    const stop = new AbortController()
    const log = logTo(({ message }) => {
      if (message.startsWith('deleting backup')) stop.abort(new Error('enough'))
    })
    const { apply, ids } = await made({ log, signal: stop.signal })
    await expect(apply()).rejects.toThrow('enough')
    expect(ids()).toHaveLength(4)
  })
})
